using System.Collections.Immutable;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Tables;

public sealed class ServicePlanTests
{
    private static readonly FrontendView Cluster = new(IsLocal: false, WhenEmpty.Drop);
    private static readonly FrontendView Local = new(IsLocal: true, WhenEmpty.Drop);

    [Fact]
    public void Compute_EveryAddress_IsAFrontend()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            NodePort = 30080,
            ExternalIPs = Plans.Addresses("192.0.2.1"),
            LoadBalancerIPs = Plans.Addresses("192.0.2.2"),
        };

        ServicePlan plan = Plans.Of(port, "10.0.0.1:8080");

        Assert.Equal(
            ["10.96.0.1:80", "192.0.2.1:80", "192.0.2.2:80", "node:30080"],
            plan.Frontends.Select(frontend => $"{frontend.Address?.ToString() ?? "node"}:{frontend.Port}"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Compute_Policies_InsidersSeeAllThroughOuterAddresses(bool isInternallyLocal, bool isExternallyLocal)
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            NodePort = 30080,
            IsInternallyLocal = isInternallyLocal,
            IsExternallyLocal = isExternallyLocal,
        };

        ImmutableArray<Frontend> frontends = Plans.Of(port, "10.0.0.1:8080").Frontends;

        FrontendView inner = isInternallyLocal ? Local : Cluster;
        Assert.Equal((inner, inner), (frontends[0].Internal, frontends[0].External));
        Assert.Equal((Cluster, isExternallyLocal ? Local : Cluster), (frontends[1].Internal, frontends[1].External));
    }

    [Fact]
    public void Compute_NobodyServes_Refuses()
    {
        ServicePlan plan = Plans.Of("web", "10.96.0.1:80");

        Assert.Equal(new FrontendView(IsLocal: false, WhenEmpty.Refuse), plan.Frontends[0].Internal);
    }

    [Fact]
    public void Compute_SourceRanges_HoldForTheLoadBalancerAlone()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            NodePort = 30080,
            ExternalIPs = Plans.Addresses("192.0.2.1"),
            LoadBalancerIPs = Plans.Addresses("192.0.2.2"),
            SourceRanges = [Primitives.IPPrefix.Parse("198.51.100.0/24")],
        };

        ServicePlan plan = Plans.Of(port, "10.0.0.1:8080");

        Assert.Equal([false, false, true, false], plan.Frontends.Select(frontend => frontend.ChecksSource));
    }

    [Theory]
    [InlineData(1, 1, "10.0.0.1 10.0.0.2")]
    [InlineData(3, 1, "10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.2")]
    [InlineData(40, 60, "10.0.0.1 10.0.0.1 10.0.0.2 10.0.0.2 10.0.0.2")]
    [InlineData(100, 100, "10.0.0.1 10.0.0.2")]
    public void Compute_Weights_AreHowOftenABackendIsThere(int first, int second, string expected)
    {
        ServicePlan plan = ServicePlan.Compute(
            Plans.Port("web", "10.96.0.1:80"),
            [
                Plans.Endpoint("10.0.0.2:8080") with { Weight = second },
                Plans.Endpoint("10.0.0.1:8080") with { Weight = first },
            ],
            Plans.Node);

        Assert.Equal(expected, string.Join(' ', plan.Cluster.Select(backend => backend.Address)));
    }

    [Fact]
    public void Compute_SameAddressTwice_IsOneFrontend()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            ExternalIPs = Plans.Addresses("192.0.2.2"),
            LoadBalancerIPs = Plans.Addresses("192.0.2.2"),
        };

        Assert.Equal(2, Plans.Of(port, "10.0.0.1:8080").Frontends.Length);
    }
}
