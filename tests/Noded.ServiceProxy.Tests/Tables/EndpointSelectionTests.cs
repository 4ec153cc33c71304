using System.Collections.Immutable;
using System.Net;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Tables;

/// <summary>
/// Endpoints are written as their last number and letters: r ready, s serving, t terminating, L on this node, N on
/// another; then hints: zA zB for zones, n1 n2 for nodes. The node is node-1 in zone A.
/// </summary>
public sealed class EndpointSelectionTests
{
    [Theory]
    // What is ready is used, whatever else it may be.
    [InlineData("cluster", "1rsN 2rsN", "1 2", "", true)]
    [InlineData("cluster", "1rsN 2N", "1", "", true)]
    [InlineData("cluster", "1N 2N", "", "", false)]
    [InlineData("cluster", "", "", "", false)]
    // Terminating ones that still serve are better than nothing.
    [InlineData("cluster", "1stN 2stL", "1 2", "", true)]
    [InlineData("cluster", "1rsN 2stL", "1", "", true)]
    [InlineData("cluster", "1stN 2tL 3N", "1", "", true)]
    [InlineData("cluster", "1tN 2tL", "", "", false)]
    // A terminating one that publishes itself as ready is ready.
    [InlineData("cluster", "1rstN 2stN", "1", "", true)]
    // Internal policy Local, no outer address: only the local list.
    [InlineData("itp-local", "1rsL 2rsN", "", "1", true)]
    [InlineData("itp-local", "2rsN", "", "", true)]
    [InlineData("itp-local", "1stL 2rsN", "", "1", true)]
    [InlineData("itp-local", "1tL 2N", "", "", false)]
    [InlineData("itp-local", "1rsL 2stL", "", "1", true)]
    // External policy Local: both lists, each falls back by itself.
    [InlineData("etp-local", "1rsL 2rsN", "1 2", "1", true)]
    [InlineData("etp-local", "1stL 2rsN", "2", "1", true)]
    [InlineData("etp-local", "1stL 2stN", "1 2", "1", true)]
    [InlineData("etp-local", "2rsN", "2", "", true)]
    [InlineData("etp-local", "1L 2N", "", "", false)]
    // Both Local, with an outer address: inside clients still see all through that.
    [InlineData("both-local", "1rsL 2rsN", "1 2", "1", true)]
    // External policy Local without any outer address says nothing.
    [InlineData("etp-local-inner", "1rsL 2rsN", "1 2", "", true)]
    public void Compute_TrafficPolicy_SelectsTheLists(
        string policy, string endpoints, string cluster, string local, bool hasAny) =>
        AssertSelection(Port(policy), endpoints, cluster, local, hasAny);

    [Theory]
    // Zones.
    [InlineData("1rsNzA 2rsNzB", "1")]
    [InlineData("1rsNzA 2rsNzAzB 3rsNzB", "1 2")]
    [InlineData("1rsNzB 2rsNzB", "1 2")]
    [InlineData("1rsNzA 2rsN", "1 2")]
    // Hints of endpoints that are not ready do not count, and nor do those endpoints.
    [InlineData("1rsNzA 2Nzb 3rsNzB", "1")]
    [InlineData("1stNzA 2rsNzB", "2")]
    [InlineData("1stNzA 2stNzB", "1 2")]
    // Nodes before zones; without one for this node, zones.
    [InlineData("1rsNn1zA 2rsNn2zA", "1")]
    [InlineData("1rsNn2zA 2rsNn2zB", "1")]
    [InlineData("1rsNn1zB 2rsNzA", "2")]
    [InlineData("1rsNn2 2rsNn3", "1 2")]
    [InlineData("1rsLn1 2rsNn1 3rsNn2", "1 2")]
    public void Compute_Hints_PreferWhatIsClose(string endpoints, string cluster) =>
        AssertSelection(Port("cluster"), endpoints, cluster, "", hasAny: true);

    [Fact]
    public void Compute_HintsWithoutAZoneOfOurs_AreIgnored()
    {
        EndpointSelection selection = EndpointSelection.Compute(
            Port("cluster"), Parse("1rsNzA 2rsNzB"), new NodeTopology("node-1"));

        Assert.Equal("1 2", Names(selection.Cluster));
    }

    [Fact]
    public void Compute_LocalWithHints_IgnoresThem() =>
        AssertSelection(Port("both-local"), "1rsLzB 2rsNzA", "2", "1", hasAny: true);

    private static void AssertSelection(ServicePort port, string endpoints, string cluster, string local, bool hasAny)
    {
        EndpointSelection selection = EndpointSelection.Compute(port, Parse(endpoints), new NodeTopology("node-1", "A"));

        Assert.Equal((cluster, local, hasAny), (Names(selection.Cluster), Names(selection.Local), selection.HasAny));
    }

    private static ServicePort Port(string policy)
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80");
        return policy switch
        {
            "cluster" => port with { NodePort = 30000 },
            "itp-local" => port with { IsInternallyLocal = true },
            "etp-local" => port with { IsExternallyLocal = true, NodePort = 30000 },
            "etp-local-inner" => port with { IsExternallyLocal = true },
            _ => port with { IsInternallyLocal = true, IsExternallyLocal = true, NodePort = 30000 },
        };
    }

    private static ImmutableArray<Endpoint> Parse(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseOne)];

    private static Endpoint ParseOne(string text)
    {
        string flags = new([.. text.Skip(1).TakeWhile(letter => letter is not ('z' or 'n'))]);
        string hints = text[(1 + flags.Length)..];
        return new Endpoint(new Backend(IPAddress.Parse($"10.0.0.{text[0]}"), 80))
        {
            IsReady = flags.Contains('r', StringComparison.Ordinal),
            IsServing = flags.Contains('s', StringComparison.Ordinal),
            IsTerminating = flags.Contains('t', StringComparison.Ordinal),
            NodeName = flags.Contains('L', StringComparison.Ordinal) ? "node-1" : "node-2",
            ZoneHints = Hints(hints, 'z', ""),
            NodeHints = Hints(hints, 'n', "node-"),
        };
    }

    private static ImmutableHashSet<string> Hints(string hints, char kind, string prefix) =>
        [.. Enumerable.Range(0, hints.Length / 2).Where(i => hints[2 * i] == kind).Select(i => prefix + hints[(2 * i) + 1])];

    private static string Names(ImmutableArray<Endpoint> endpoints) =>
        string.Join(' ', endpoints.Select(endpoint => endpoint.Backend.Address.GetAddressBytes()[3]));
}
