using Noded.Primitives;

namespace Noded.Network.Tests;

public sealed class NodeNetworkOptionsTests
{
    [Theory]
    [InlineData("10.244.1.0/24", "10.244.0.0/16", "10.96.0.0/12")]
    [InlineData("10.244.1.0/24 fd00:10:244:1::/64", "10.244.0.0/16 fd00:10:244::/56", "10.96.0.0/12 fd00:10:96::/112")]
    [InlineData("", "10.244.0.0/16", "10.96.0.0/12")]
    public void Validate_CidrsThatAgree_HaveNoError(string pods, string cluster, string services) =>
        Assert.Empty(Options(pods, cluster, services).Validate());

    [Theory]
    [InlineData("10.244.1.1/24", "10.244.0.0/16", "", "10.244.1.1/24 is an address in a network; the network itself is 10.244.1.0/24.")]
    [InlineData("10.0.0.0/24 10.0.1.0/24", "10.0.0.0/8", "", "pod CIDRs 10.0.0.0/24, 10.0.1.0/24: at most one of each family.")]
    [InlineData("10.245.0.0/24", "10.244.0.0/16", "", "pod CIDR 10.245.0.0/24 is in none of the cluster's: 10.244.0.0/16.")]
    [InlineData("10.244.0.0/15", "10.244.0.0/16", "", "pod CIDR 10.244.0.0/15 is in none of the cluster's: 10.244.0.0/16.")]
    [InlineData("10.96.1.0/24", "10.96.0.0/16", "10.96.0.0/12", "pod CIDR 10.96.1.0/24 overlaps the Services' addresses 10.96.0.0/12.")]
    public void Validate_CidrsThatDoNot_SaysWhy(string pods, string cluster, string services, string error) =>
        Assert.Equal([error], Options(pods, cluster, services).Validate());

    private static NodeNetworkOptions Options(string pods, string cluster, string services) =>
        new([.. Parse(pods)], [.. Parse(cluster)], [.. Parse(services)]);

    private static IEnumerable<IPPrefix> Parse(string cidrs) =>
        cidrs.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPPrefix.Parse);
}
