using System.Globalization;
using System.Net;
using Noded.Primitives;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Sockets;

/// <summary>Node ports, external and load balancer addresses, traffic policies, from sockets of the node.</summary>
[Trait("Category", "Integration")]
public sealed class OuterAddressTests(ProxyFixture proxy) : ProxyTests(proxy)
{
    private const uint SourceDenied = 3;

    [Theory]
    [InlineData("127.0.0.2:8001", "10.96.0.1:80", "192.0.2.1:80")]
    [InlineData("[fd00::2]:8001", "[fd01::1]:80", "[2001:db8::1]:80")]
    public async Task ExternalIP_FromInside_ReachesTheBackend(string backend, string service, string external)
    {
        await Agent.DoAsync($"listen-tcp {backend} web", Token);
        ServicePort port = Plans.Port("web", service) with { ExternalIPs = [IPEndPoint.Parse(external).Address] };
        Tables.Apply(Plans.Of(port, backend));

        Assert.Equal($"web {external}", await Agent.AskAsync($"tcp {external}", Token));
    }

    [Theory]
    [InlineData("127.0.0.2:8001", "10.96.0.1:80", "10.0.0.1")]
    [InlineData("[fd00::2]:8001", "[fd01::1]:80", "fd00::1")]
    public async Task NodePort_OnAnAddressOfTheNode_ReachesTheBackendAlsoWhenItCameLater(
        string backend, string service, string address)
    {
        await Agent.DoAsync($"listen-tcp {backend} web", Token);
        Tables.Apply(Plans.Of(Plans.Port("web", service) with { NodePort = 30080 }, backend));
        string target = new IPEndPoint(IPAddress.Parse(address), 30080).ToString();
        string before = await Agent.AskAsync($"tcp {target}", Token);

        Maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse(address)), 1);
        string after = await Agent.AskAsync($"tcp {target}", Token);
        Maps.LocalAddresses.Remove(new MapAddress(IPAddress.Parse(address)));

        Assert.NotEqual($"web {target}", before);
        Assert.Equal($"web {target}", after);
    }

    [Theory]
    [InlineData("127.0.0.2:8001", "10.96.0.1:80", "127.0.0.1:30080")]
    [InlineData("[fd00::2]:8001", "[fd01::1]:80", "[::1]:30080")]
    public async Task NodePort_OnLoopback_IsTheHostsAlone(string backend, string service, string loopback)
    {
        await Agent.DoAsync($"listen-tcp {backend} web", Token);
        Tables.Apply(Plans.Of(Plans.Port("web", service) with { NodePort = 30080 }, backend));

        string asPod = await Agent.AskAsync($"tcp {loopback}", Token);
        await Sandbox.BecomeHostAsync(Agent, Token);
        string asHost = await Agent.AskAsync($"tcp {loopback}", Token);
        await ForgetClientAsync();

        Assert.Equal(("error ConnectionRefused", $"web {loopback}"), (asPod, asHost));
    }

    [Fact]
    public async Task NodePort_OfTheOtherFamily_IsLeftAlone()
    {
        Tables.Apply(Plans.Of(Plans.Port("web", "[fd01::1]:80") with { NodePort = 30080 }));
        Maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse("10.0.0.1")), 1);

        string answer = await Agent.AskAsync("tcp 10.0.0.1:30080", Token);
        Maps.LocalAddresses.Remove(new MapAddress(IPAddress.Parse("10.0.0.1")));

        Assert.Equal("error NetworkUnreachable", answer);
    }

    [Theory]
    [InlineData("10.0.0.0/24", "web 192.0.2.1:80")]
    [InlineData("10.0.1.0/24", "error HostUnreachable")]
    public async Task LoadBalancer_SourceRanges_LetInWhoIsInThem(string range, string expected)
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        Tables.Apply(Plans.Of(LoadBalancer("10.96.0.1:80", "192.0.2.1", range), "127.0.0.2:8001"));
        await Sandbox.BecomeHostAsync(Agent, Token);

        string answer = await Agent.AskAsync("tcp 192.0.2.1:80", Token);
        string inner = await Agent.AskAsync("tcp 10.96.0.1:80", Token);
        await ForgetClientAsync();

        Assert.Equal((Told(expected), "web 10.96.0.1:80"), (answer, inner));
    }

    [Theory]
    [InlineData("fd00::/64", "web [2001:db8::1]:80")]
    [InlineData("fd05::/64", "error HostUnreachable")]
    public async Task LoadBalancer_SourceRangesOfV6_LetInWhoIsInThem(string range, string expected)
    {
        await Agent.DoAsync("listen-tcp [fd00::2]:8001 web", Token);
        Tables.Apply(Plans.Of(LoadBalancer("[fd01::1]:80", "2001:db8::1", range), "[fd00::2]:8001"));
        await Sandbox.BecomeHostAsync(Agent, Token);

        string answer = await Agent.AskAsync("tcp [2001:db8::1]:80", Token);
        await ForgetClientAsync();

        Assert.Equal(Told(expected), answer);
    }

    [Fact]
    public async Task LoadBalancer_SourceRangesAndAClientThatNobodyKnows_AreClosed()
    {
        ulong denied = Count(SourceDenied);
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        Tables.Apply(Plans.Of(LoadBalancer("10.96.0.1:80", "192.0.2.1", "0.0.0.0/0"), "127.0.0.2:8001"));

        Assert.Equal(Told("error HostUnreachable"), await Agent.AskAsync("tcp 192.0.2.1:80", Token));
        Assert.Equal(denied + 1, Count(SourceDenied));
    }

    [Fact]
    public async Task LoadBalancer_RangesChange_AreTheNewOnesAtOnce()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        await Sandbox.BecomeHostAsync(Agent, Token);
        Tables.Apply(Plans.Of(LoadBalancer("10.96.0.1:80", "192.0.2.1", "10.0.0.0/24"), "127.0.0.2:8001"));
        string before = await Agent.AskAsync("tcp 192.0.2.1:80", Token);

        Tables.Apply(Plans.Of(LoadBalancer("10.96.0.1:80", "192.0.2.1", "10.9.0.0/24"), "127.0.0.2:8001"));
        string after = await Agent.AskAsync("tcp 192.0.2.1:80", Token);
        await ForgetClientAsync();

        Assert.Equal(("web 192.0.2.1:80", Told("error HostUnreachable")), (before, after));
    }

    [Fact]
    public async Task InternalPolicyLocal_OnlyRemoteEndpoints_IsDroppedNotRefused()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with { IsInternallyLocal = true };
        Tables.Apply(ServicePlan.Compute(
            port, [Plans.Endpoint("127.0.0.2:8001") with { NodeName = "node-2" }], Plans.Node));

        Assert.Equal(Told("error HostUnreachable"), await Agent.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task ExternalPolicyLocal_ClientInside_ReachesRemoteEndpoints()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            IsExternallyLocal = true,
            LoadBalancerIPs = Plans.Addresses("192.0.2.1"),
        };
        Tables.Apply(ServicePlan.Compute(
            port, [Plans.Endpoint("127.0.0.2:8001") with { NodeName = "node-2" }], Plans.Node));

        Assert.Equal("web 192.0.2.1:80", await Agent.AskAsync("tcp 192.0.2.1:80", Token));
    }

    [Fact]
    public async Task InternalPolicyLocal_LocalAndRemote_UsesTheLocalOnesAlone()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 here", Token);
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with { IsInternallyLocal = true };
        Tables.Apply(ServicePlan.Compute(
            port,
            [.. Plans.Ready("127.0.0.2:8001"), Plans.Endpoint("127.0.0.9:1") with { NodeName = "node-2" }],
            Plans.Node));

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("here 10.96.0.1:80", await Agent.AskAsync("tcp 10.96.0.1:80", Token));
        }
    }

    [Fact]
    public async Task Hairpin_BackendIsTheClientItself_IsReached()
    {
        await Agent.DoAsync("listen-tcp [fd00::1]:8001 self", Token);
        Tables.Apply(Plans.Of("web", "[fd01::1]:80", "[fd00::1]:8001"));

        Assert.Equal("self [fd01::1]:80", await Agent.AskAsync("tcp [fd01::1]:80", Token));
    }

    private static ServicePort LoadBalancer(string service, string address, string range) =>
        Plans.Port("web", service) with
        {
            LoadBalancerIPs = Plans.Addresses(address),
            SourceRanges = [IPPrefix.Parse(range)],
        };

    private async Task ForgetClientAsync() =>
        Maps.Clients.Remove(ulong.Parse(await Agent.AskAsync("cookie", Token), CultureInfo.InvariantCulture));
}
