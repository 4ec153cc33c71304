using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Linux.Namespaces;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;
using Prometheus;

namespace Noded.ServiceProxy.Tests.Sockets;

/// <summary>Connected UDP sockets of the node, whose datagrams pass no program.</summary>
[Trait("Category", "Integration")]
public sealed class StaleSocketsTests(ProxyFixture proxy) : ProxyTests(proxy)
{
    private NetworkNamespace Inside =>
        new(string.Create(CultureInfo.InvariantCulture, $"/proc/{Sandbox.Sandbox.InitPid}/ns/net"));

    [Theory]
    [InlineData("udp-connected", "10.96.0.1:53", "127.0.0.2:5353", "127.0.0.3:5353", "10.96.0.1:53")]
    [InlineData("udp-connected", "[fd01::1]:53", "[fd00::2]:5353", "[fd00::3]:5353", "[fd01::1]:53")]
    [InlineData("udp-mapped", "10.96.0.1:53", "127.0.0.2:5353", "127.0.0.3:5353", "[::ffff:10.96.0.1]:53")]
    public async Task End_EndpointHasLeft_TheSocketEndsAndItsSuccessorGoesElsewhere(
        string command, string service, string first, string second, string peer)
    {
        ServicePort port = Plans.Port("dns", service, ServiceProtocol.Udp);
        await Agent.DoAsync($"listen-udp {first} a", Token);
        await Agent.DoAsync($"listen-udp {second} b", Token);
        Tables.Apply(Plans.Of(port, first));
        string before = await Agent.AskAsync($"{command} one {service}", Token);
        string stranger = await Agent.AskAsync($"udp-connected two {first}", Token);

        Tables.Apply(Plans.Of(port, second));
        string kept = await Agent.AskAsync($"{command} one {service}", Token);
        int ended = End();
        string after = await Agent.AskAsync($"{command} one {service}", Token);
        string successor = await Agent.AskAsync($"{command} three {service}", Token);

        Assert.Equal(($"a {peer}", $"a {peer}", $"b {peer}"), (before, kept, successor));
        Assert.Equal((1, "error DestinationAddressRequired"), (ended, after));
        Assert.Equal((stranger, 0), (await Agent.AskAsync($"udp-connected two {first}", Token), End()));
    }

    [Fact]
    public async Task End_EndpointStays_TheSocketDoes()
    {
        ServicePort port = Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp);
        await Agent.DoAsync("listen-udp 127.0.0.2:5353 a", Token);
        Tables.Apply(Plans.Of(port, "127.0.0.2:5353"));
        await Agent.AskAsync("udp-connected one 10.96.0.1:53", Token);

        Tables.Apply(Plans.Of(port, "127.0.0.2:5353", "127.0.0.3:5353"));

        Assert.Equal(0, End());
        Assert.Equal("a 10.96.0.1:53", await Agent.AskAsync("udp-connected one 10.96.0.1:53", Token));
    }

    [Fact]
    public async Task End_ServiceIsRemoved_TheSocketEnds()
    {
        ServicePlan plan = Plans.Of(Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp), "127.0.0.2:5353");
        await Agent.DoAsync("listen-udp 127.0.0.2:5353 a", Token);
        Tables.Apply(plan);
        await Agent.AskAsync("udp-connected one 10.96.0.1:53", Token);

        Tables.Remove(plan.Name);

        Assert.Equal(1, End());
    }

    [Fact]
    public void TakeUdpLosses_OnlyWhatUdpLost_IsOne()
    {
        ServicePort udp = Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp);
        ServicePort tcp = Plans.Port("web", "10.96.0.2:80");
        Tables.Apply(Plans.Of(udp, "127.0.0.2:5353"));
        Tables.Apply(Plans.Of(tcp, "127.0.0.2:8001"));
        Tables.TakeUdpLosses();

        Tables.Apply(Plans.Of(udp, "127.0.0.2:5353", "127.0.0.3:5353"));
        Tables.Apply(Plans.Of(tcp, "127.0.0.3:8001"));
        bool afterTcp = Tables.TakeUdpLosses();
        Tables.Apply(Plans.Of(udp, "127.0.0.3:5353"));

        Assert.Equal((false, true, false), (afterTcp, Tables.TakeUdpLosses(), Tables.TakeUdpLosses()));
    }

    [Theory]
    [InlineData("10.244.1.2:53", BackendEntry.InCluster | 3, false)]
    [InlineData("10.244.1.2:53", BackendEntry.InLocal | 3, false)]
    [InlineData("10.244.1.2:53", 3, true)]
    [InlineData("10.244.1.2:53", BackendEntry.InCluster | 4, true)]
    [InlineData("[::ffff:10.244.1.2]:53", 3, true)]
    [InlineData("10.244.1.2:54", 3, false)]
    [InlineData("10.244.1.3:53", 3, false)]
    public void IsStale_ConnectionOfTheThirdGeneration_IsThis(string remote, ulong state, bool expected)
    {
        FlowEntry connection = new(IPEndPoint.Parse("10.244.1.2:53"), service: 7, backend: 1, generation: 3);

        Assert.Equal(expected, StaleSockets.IsStale(IPEndPoint.Parse(remote), connection, state));
    }

    private int End()
    {
        ServiceProxyMetrics metrics = new(Metrics.NewCustomRegistry());
        using StaleSockets sockets = new(Maps, Sandbox.OpenUdpConnections(), Inside, metrics, NullLogger.Instance);
        sockets.End();
        return (int)metrics.SocketsEnded.Value;
    }
}
