using System.Collections.Immutable;
using k8s.Models;
using Noded.Primitives;
using Noded.ServiceProxy.Reflectors;

namespace Noded.ServiceProxy.Tests.Reflectors;

public sealed class ClusterIPsTests
{
    private static readonly IPPrefix Range = IPPrefix.Parse("10.96.0.0/12");

    [Fact]
    public void Assign_NoAddress_GivesOneOfTheRangeThatStaysAfterARestart()
    {
        string? first = Assign(new ClusterIPs(Range), AService("web"))[0];
        string? second = Assign(new ClusterIPs(Range), AService("other"), AService("web"))[1];

        Assert.Equal(first, second);
        Assert.True(Range.Contains(System.Net.IPAddress.Parse(first!)));
    }

    [Fact]
    public void Assign_AddressesGivenByHand_AreKeptAndNotGivenAgain()
    {
        ClusterIPs addresses = new(Range);
        string? free = Assign(new ClusterIPs(Range), AService("web"))[0];

        string?[] assigned = Assign(addresses, AService("web"), AService("mine", free), AService("none", "None"));

        Assert.Equal((free, "None"), (assigned[1], assigned[2]));
        Assert.NotEqual(free, assigned[0]);
    }

    [Fact]
    public void Assign_SmallRange_GivesEveryUsableAddressAndThenSaysThatNoneIsLeft()
    {
        ClusterIPs addresses = new(IPPrefix.Parse("10.96.0.0/29"));

        string?[] assigned = Assign(addresses, [.. Enumerable.Range(0, 6).Select(i => AService($"s{i}"))]);

        Assert.Equal(6, assigned.Distinct().Count());
        Assert.DoesNotContain("10.96.0.0", assigned);
        IOException full = Assert.Throws<IOException>(
            () => Assign(addresses, [.. Enumerable.Range(0, 7).Select(i => AService($"s{i}"))]));
        Assert.StartsWith("No address is left in 10.96.0.0/29 for Service default/", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Assign_NoRange_LeavesServicesAsTheyAre() =>
        Assert.Equal([null, "10.96.0.7"], Assign(new ClusterIPs(null), AService("web"), AService("mine", "10.96.0.7")));

    [Fact]
    public void Assign_V6Range_GivesV6()
    {
        string? address = Assign(new ClusterIPs(IPPrefix.Parse("fd01::/108")), AService("web"))[0];

        Assert.True(IPPrefix.Parse("fd01::/108").Contains(System.Net.IPAddress.Parse(address!)));
    }

    [Fact]
    public void Assign_AgainWithOthers_KeepsWhatItGave()
    {
        ClusterIPs addresses = new(IPPrefix.Parse("10.96.0.0/28"));
        string?[] before = Assign(addresses, AService("s5"), AService("s6"));

        string?[] after = Assign(
            addresses, [.. Enumerable.Range(0, 10).Select(i => AService($"s{i}"))]);

        Assert.Equal(before, after[5..7]);
    }

    private static string?[] Assign(ClusterIPs addresses, params ImmutableArray<V1Service> services) =>
        [.. addresses.Assign(services).Select(service => service.Spec.ClusterIP)];

    private static V1Service AService(string name, string? clusterIP = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { Type = "ClusterIP", ClusterIP = clusterIP },
    };
}
