using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Sockets;

[Trait("Category", "Integration")]
public sealed class ClusterIPTests(ProxyFixture proxy) : ProxyTests(proxy)
{
    private const uint Refused = 1;

    [Theory]
    [InlineData("tcp", "10.96.0.1:80", "127.0.0.2:8001", "10.96.0.1:80")]
    [InlineData("tcp", "[fd01::1]:80", "[fd00::2]:8001", "[fd01::1]:80")]
    [InlineData("tcp-mapped", "10.96.0.1:80", "127.0.0.2:8001", "[::ffff:10.96.0.1]:80")]
    public async Task Tcp_ToAClusterIP_ReachesTheBackendAndNamesTheService(
        string command, string service, string backend, string peer)
    {
        await Agent.DoAsync($"listen-tcp {backend} web", Token);
        Tables.Apply(Plans.Of("web", service, backend));

        Assert.Equal($"web {peer}", await Agent.AskAsync($"{command} {service}", Token));
    }

    [Theory]
    [InlineData("udp", "10.96.0.1:53", "127.0.0.2:5353")]
    [InlineData("udp-connected", "10.96.0.1:53", "127.0.0.2:5353")]
    [InlineData("udp", "[fd01::1]:53", "[fd00::2]:5353")]
    [InlineData("udp-connected", "[fd01::1]:53", "[fd00::2]:5353")]
    public async Task Udp_ToAClusterIP_IsAnsweredFromTheService(string command, string service, string backend)
    {
        await Agent.DoAsync($"listen-udp {backend} dns", Token);
        Tables.Apply(Plans.Of(Plans.Port("dns", service, ServiceProtocol.Udp), backend));

        Assert.Equal($"dns {service}", await Agent.AskAsync($"{command} c {service}", Token));
        Assert.Equal($"dns {service}", await Agent.AskAsync($"{command} c {service}", Token));
    }

    [Fact]
    public async Task Udp_EndpointGone_TheNextDatagramOfTheSameSocketGoesElsewhere()
    {
        await Agent.DoAsync("listen-udp 127.0.0.2:5353 a", Token);
        await Agent.DoAsync("listen-udp 127.0.0.3:5353 b", Token);
        ServicePort port = Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp);
        Tables.Apply(Plans.Of(port, "127.0.0.2:5353"));
        string before = await Agent.AskAsync("udp c 10.96.0.1:53", Token);

        Tables.Apply(Plans.Of(port, "127.0.0.3:5353"));
        string after = await Agent.AskAsync("udp c 10.96.0.1:53", Token);

        Assert.Equal(("a 10.96.0.1:53", "b 10.96.0.1:53"), (before, after));
    }

    [Fact]
    public async Task Udp_EndpointAdded_ASocketKeepsItsBackend()
    {
        await Agent.DoAsync("listen-udp 127.0.0.2:5353 a", Token);
        await Agent.DoAsync("listen-udp 127.0.0.3:5353 b", Token);
        ServicePort port = Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp);
        Tables.Apply(Plans.Of(port, "127.0.0.2:5353"));
        await Agent.AskAsync("udp c 10.96.0.1:53", Token);

        Tables.Apply(Plans.Of(port, "127.0.0.2:5353", "127.0.0.3:5353"));

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("a 10.96.0.1:53", await Agent.AskAsync("udp c 10.96.0.1:53", Token));
        }
    }

    [Fact]
    public async Task Tcp_SeveralBackends_AllGetTheirShare()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 a", Token);
        await Agent.DoAsync("listen-tcp 127.0.0.3:8001 b", Token);
        await Agent.DoAsync("listen-tcp 127.0.0.4:8001 c", Token);
        Tables.Apply(Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001", "127.0.0.3:8001", "127.0.0.4:8001"));

        Dictionary<string, int> answers = [];
        for (int i = 0; i < 150; i++)
        {
            string answer = await Agent.AskAsync("tcp 10.96.0.1:80", Token);
            answers[answer[..1]] = answers.GetValueOrDefault(answer[..1]) + 1;
        }

        // 50 each are expected; fewer than 20 come once in 10^8 runs.
        Assert.Equal(["a", "b", "c"], answers.Keys.Order());
        Assert.All(answers.Values, count => Assert.InRange(count, 20, 110));
    }

    [Fact]
    public async Task Tcp_WeightedBackends_GetTheirShare()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 a", Token);
        await Agent.DoAsync("listen-tcp 127.0.0.3:8001 b", Token);
        Tables.Apply(ServicePlan.Compute(
            Plans.Port("web", "10.96.0.1:80"),
            [Plans.Endpoint("127.0.0.2:8001") with { Weight = 9 }, Plans.Endpoint("127.0.0.3:8001")],
            Plans.Node));

        int ofTheHeavyOne = 0;
        for (int i = 0; i < 150; i++)
        {
            ofTheHeavyOne += (await Agent.AskAsync("tcp 10.96.0.1:80", Token))[0] == 'a' ? 1 : 0;
        }

        // 135 are expected; what lies outside comes once in 10^9 runs, and equal shares are outside.
        Assert.InRange(ofTheHeavyOne, 105, 149);
    }

    [Fact]
    public async Task Tcp_WithoutEndpoints_IsRefusedAtOnce()
    {
        ulong refused = Count(Refused);
        Tables.Apply(Plans.Of("web", "10.96.0.1:80"));

        Assert.Equal(Told("error ConnectionRefused"), await Agent.AskAsync("tcp 10.96.0.1:80", Token));
        Assert.Equal(refused + 1, Count(Refused));
    }

    [Fact]
    public async Task Udp_WithoutEndpoints_IsRefusedAtOnce()
    {
        Tables.Apply(Plans.Of(Plans.Port("dns", "10.96.0.1:53", ServiceProtocol.Udp)));

        Assert.Equal(Told("error ConnectionRefused"), await Agent.AskAsync("udp c 10.96.0.1:53", Token));
    }

    [Fact]
    public async Task Tcp_OtherPortOrProtocol_IsLeftAlone()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        Tables.Apply(Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001"));

        Assert.Equal("error NetworkUnreachable", await Agent.AskAsync("tcp 10.96.0.1:81", Token));
        Assert.Equal("error NetworkUnreachable", await Agent.AskAsync("udp c 10.96.0.1:80", Token));
        Assert.Equal("web 127.0.0.2:8001", await Agent.AskAsync("tcp 127.0.0.2:8001", Token));
    }

    [Fact]
    public async Task Tcp_ServiceRemoved_IsLeftAlone()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        ServicePlan plan = Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001");
        Tables.Apply(plan);

        Tables.Remove(plan.Name);

        Assert.Equal("error NetworkUnreachable", await Agent.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Tcp_OutsideTheCgroup_IsLeftAlone()
    {
        AgentClient stranger = await Sandbox.StartAgentAsync(Token, isTranslated: false);
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        Tables.Apply(Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001"));

        Assert.Equal("error NetworkUnreachable", await stranger.AskAsync("tcp 10.96.0.1:80", Token));
    }

    [Fact]
    public async Task Tcp_SocketWithTheDaemonsMark_IsLeftAlone()
    {
        await Agent.DoAsync("listen-tcp 127.0.0.2:8001 web", Token);
        Tables.Apply(Plans.Of("web", "10.96.0.1:80", "127.0.0.2:8001"));

        Assert.Equal("error NetworkUnreachable", await Agent.AskAsync("tcp-marked 77 10.96.0.1:80", Token));
        Assert.Equal("web 10.96.0.1:80", await Agent.AskAsync("tcp-marked 78 10.96.0.1:80", Token));
    }
}
