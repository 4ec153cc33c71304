using System.Collections.Immutable;
using System.Net.Sockets;
using k8s.Models;
using Noded.ServiceProxy.Reflectors;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Reflectors;

public sealed class EndpointSlicesTests
{
    [Fact]
    public void Compute_SelectedPods_AreEndpointsInBothFamilies()
    {
        Assert.Equal(
            ["IPv4 10.0.0.1:8080 10.0.0.2:8080", "IPv6 fd00::1:8080"],
            Compute(AService("http"), PodsOfTest.APod("a", "10.0.0.1", "fd00::1"), PodsOfTest.APod("b", "10.0.0.2")));
    }

    [Theory]
    [InlineData("http", 8080)]
    [InlineData("9000", 9000)]
    [InlineData("", 80)]
    public void Compute_TargetPort_ByNameByNumberOrAsThePort(string target, int port) =>
        Assert.Equal([$"IPv4 10.0.0.1:{port}"], Compute(AService(target), PodsOfTest.APod("a", "10.0.0.1")));

    [Fact]
    public void Compute_NamedPortDiffersByPod_IsASliceForEach()
    {
        ServicePod other = PodsOfTest.APod("b", "10.0.0.2") with
        {
            Ports = ImmutableDictionary<string, int>.Empty.Add("http", 9090),
        };

        Assert.Equal(
            ["IPv4 10.0.0.1:8080", "IPv4 10.0.0.2:9090"],
            Compute(AService("http"), PodsOfTest.APod("a", "10.0.0.1"), other));
    }

    [Fact]
    public void Compute_OtherLabelsOrNamespace_AreNotSelected()
    {
        ServicePod elsewhere = PodsOfTest.APod("a", "10.0.0.1") with { Name = new("kube-system", "a") };
        ServicePod other = PodsOfTest.APod("b", "10.0.0.2") with
        {
            Labels = ImmutableDictionary<string, string>.Empty.Add("app", "db"),
        };

        Assert.Empty(Compute(AService("http"), elsewhere, other));
    }

    [Fact]
    public void Compute_NoSelector_IsNothing()
    {
        V1Service service = AService("http");
        service.Spec.Selector = null;

        Assert.Empty(Compute(service, PodsOfTest.APod("a", "10.0.0.1")));
    }

    [Theory]
    [InlineData(true, false, false, true, true, false)]
    [InlineData(false, false, false, false, false, false)]
    [InlineData(true, true, false, false, true, true)]
    [InlineData(false, false, true, true, false, false)]
    public void Compute_Conditions_AreWhatThePodIs(
        bool isReady, bool isTerminating, bool publishesAll, bool ready, bool serving, bool terminating)
    {
        V1Service service = AService("http");
        service.Spec.PublishNotReadyAddresses = publishesAll;
        ServicePod pod = PodsOfTest.APod("a", "10.0.0.1") with { IsReady = isReady, IsTerminating = isTerminating };

        V1EndpointConditions conditions = EndpointSlices.Compute(service, [pod], "node-1")[0].Endpoints[0].Conditions;

        Assert.Equal((ready, serving, terminating), (conditions.Ready, conditions.Serving, conditions.Terminating));
    }

    [Theory]
    [InlineData("web", "a", "a")]
    [InlineData("other", "a", null)]
    [InlineData("web", null, null)]
    [InlineData(null, "a", null)]
    public void Compute_HostnameOfAPod_IsTheEndpointsWhenItsSubdomainIsTheService(
        string? subdomain, string? hostname, string? expected)
    {
        ServicePod pod = PodsOfTest.APod("a", "10.0.0.1") with { Hostname = hostname, Subdomain = subdomain };

        Assert.Equal(expected, EndpointSlices.Compute(AService("http"), [pod], "node-1")[0].Endpoints[0].Hostname);
    }

    [Fact]
    public void Compute_Slice_BelongsToItsService()
    {
        V1EndpointSlice slice =
            Assert.Single(EndpointSlices.Compute(AService("http"), [PodsOfTest.APod("a", "10.0.0.1")], "node-1"));

        Assert.Equal("default/web", EndpointReader.ServiceOf(slice).ToString());
        Assert.Equal("node-1", slice.Endpoints[0].NodeName);
    }

    [Fact]
    public void Compute_WeightOfAPod_IsThatOfItsEndpoint()
    {
        ServicePod heavy = PodsOfTest.APod("b", "10.0.0.2") with { Weight = 3 };
        ImmutableArray<V1EndpointSlice> slices =
            EndpointSlices.Compute(AService("http"), [PodsOfTest.APod("a", "10.0.0.1"), heavy], "node-1");

        ServicePortName port = new(new("default", "web"), "", ServiceProtocol.Tcp, AddressFamily.InterNetwork);
        Assert.Equal(
            ["10.0.0.1:8080 1", "10.0.0.2:8080 3"],
            EndpointReader.Read(slices, port).Select(endpoint => $"{endpoint.Backend} {endpoint.Weight}"));
        Assert.Equal(2, slices.Select(slice => slice.Metadata.Name).Distinct().Count());
    }

    private static string[] Compute(V1Service service, params ImmutableArray<ServicePod> pods) =>
    [
        .. EndpointSlices.Compute(service, pods, "node-1").Select(slice =>
            $"{slice.AddressType} {string.Join(' ', slice.Endpoints.Select(
                endpoint => $"{endpoint.Addresses[0]}:{slice.Ports[0].Port}"))}"),
    ];

    private static V1Service AService(string target) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP",
            Selector = new Dictionary<string, string> { ["app"] = "web" },
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP", TargetPort = target }],
        },
    };
}
