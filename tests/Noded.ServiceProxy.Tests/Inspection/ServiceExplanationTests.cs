using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Noded.Primitives;
using Noded.ServiceProxy.Inspection;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Inspection;

public sealed class ServiceExplanationTests
{
    private static readonly ListView Everywhere = new(IsLocal: false, IsRefusedWhenEmpty: true);
    private static readonly ListView Here = new(IsLocal: true, IsRefusedWhenEmpty: false);
    private static readonly ImmutableHashSet<IPAddress> Node = [IPAddress.Parse("192.0.2.1")];

    [Fact]
    public void Compute_ClusterIP_NamesServiceAndEndpoints() => AssertExplained(
        """
        10.96.0.1:80/TCP is an address of default/web:http IPv4 TCP.
        Every client is led to one of 2 endpoints:
          10.244.0.2:8080  chosen 1 time
          10.244.1.2:8080  chosen 7 times
        """,
        "10.96.0.1:80",
        Service(Everywhere, Everywhere));

    [Fact]
    public void Compute_NodePortOfLocalPolicy_TellsClientsInsideAndOutsideApart() => AssertExplained(
        """
        192.0.2.1:30080/TCP is a node port of default/web:http IPv4 TCP.
        A client on this node or in one of its pods is led to one of 2 endpoints:
          10.244.0.2:8080  chosen 1 time
          10.244.1.2:8080  chosen 7 times
        A client outside is led to one of 1 endpoint of this node:
          10.244.0.2:8080  chosen 1 time
        """,
        "192.0.2.1:30080",
        Service(Everywhere, Here));

    [Fact]
    public void Compute_NobodyServes_IsRefused() => AssertExplained(
        """
        10.96.0.1:80/TCP is an address of default/web:http IPv4 TCP.
        Every client is refused: no endpoint serves.
        """,
        "10.96.0.1:80",
        Service(Everywhere, Everywhere) with { Endpoints = [] });

    [Fact]
    public void Compute_NobodyServesHere_IsDropped() => AssertExplained(
        """
        10.96.0.1:80/TCP is an address of default/web:http IPv4 TCP.
        Every client gets no answer, its packets are dropped: no endpoint of this node serves, but others do.
        """,
        "10.96.0.1:80",
        Service(Here, Here) with { Endpoints = [new EndpointView(Backend("10.244.1.2"), 0, IsInCluster: true, IsInLocal: false)] });

    [Fact]
    public void Compute_AffinityAndSourceRanges_AreSaid() => AssertExplained(
        """
        203.0.113.1:80/TCP is an address of default/web:http IPv4 TCP.
        Only clients in 198.51.100.0/24 may use it; packets of others are dropped.
        A client keeps its endpoint until it has been away for 10800 s.
        Every client is led to one of 1 endpoint:
          10.244.1.2:8080  chosen 0 times
        """,
        "203.0.113.1:80",
        Service(Everywhere, Everywhere) with
        {
            Addresses = [new AddressView(IPAddress.Parse("203.0.113.1"), 80, Everywhere, Everywhere, ChecksSource: true)],
            SourceRanges = [IPPrefix.Parse("198.51.100.0/24")],
            Affinity = TimeSpan.FromHours(3),
            Endpoints = [new EndpointView(Backend("10.244.1.2"), 0, IsInCluster: true, IsInLocal: false)],
        });

    [Fact]
    public void Compute_AnotherPortOfTheAddress_SaysWhatItHas() => AssertExplained(
        """
        10.96.0.1:443/TCP belongs to no Service: packets to it are left as they are.
        Service default/web has 10.96.0.1:80/TCP.
        """,
        "10.96.0.1:443",
        Service(Everywhere, Everywhere));

    [Fact]
    public void Compute_Endpoint_SaysWhose() => AssertExplained(
        """
        10.244.0.2:8080/TCP belongs to no Service: packets to it are left as they are.
        It is an endpoint of default/web:http IPv4 TCP.
        """,
        "10.244.0.2:8080",
        Service(Everywhere, Everywhere));

    [Fact]
    public void Compute_NodePortAtAnAddressElsewhere_BelongsToNobody() => AssertExplained(
        "198.51.100.9:30080/TCP belongs to no Service: packets to it are left as they are.",
        "198.51.100.9:30080",
        Service(Everywhere, Everywhere));

    [Fact]
    public void Compute_ManyEndpoints_AreCut()
    {
        ServiceView service = Service(Everywhere, Everywhere) with
        {
            Endpoints = [.. Enumerable.Range(1, 60).Select(i => new EndpointView(Backend($"10.244.0.{i}"), 0, true, false))],
        };

        ImmutableArray<string> lines =
            ServiceExplanation.Compute(IPEndPoint.Parse("10.96.0.1:80"), ServiceProtocol.Tcp, [service], Node);

        Assert.Equal("  and 10 more", lines[^1]);
        Assert.Equal(53, lines.Length);
    }

    private static void AssertExplained(string expected, string target, ServiceView service) => Assert.Equal(
        expected,
        string.Join('\n', ServiceExplanation.Compute(IPEndPoint.Parse(target), ServiceProtocol.Tcp, [service], Node)));

    private static Backend Backend(string address) => new(IPAddress.Parse(address), 8080);

    private static ServiceView Service(ListView inner, ListView outer) => new(
        new ServicePortName(new NamespacedName("default", "web"), "http", ServiceProtocol.Tcp, AddressFamily.InterNetwork),
        [
            new AddressView(IPAddress.Parse("10.96.0.1"), 80, inner, inner, ChecksSource: false),
            new AddressView(null, 30080, inner, outer, ChecksSource: false),
        ],
        [
            new EndpointView(Backend("10.244.0.2"), 1, IsInCluster: true, IsInLocal: true),
            new EndpointView(Backend("10.244.1.2"), 7, IsInCluster: true, IsInLocal: false),
        ],
        TimeSpan.Zero,
        []);
}
