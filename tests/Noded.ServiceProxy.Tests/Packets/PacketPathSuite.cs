using Noded.Bpf;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>
/// A node with two pods behind veths and a client outside, all in one sandbox; sockets know nothing of Services, the
/// packets are translated.
/// </summary>
public abstract class PacketPathSuite(PacketPathSuite.Network network)
{
    private readonly Network _network = network.OrSkip();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private AgentClient Node => _network.Node;

    private AgentClient A => _network.A;

    private AgentClient B => _network.B;

    private AgentClient Outside => _network.Outside;

    [Theory]
    [InlineData("udp", "10.96.1.1:53", "10.244.2.2:5301")]
    [InlineData("udp-connected", "10.96.1.2:53", "10.244.2.2:5302")]
    [InlineData("udp", "[fd01::11]:53", "[fd10:2::2]:5301")]
    [InlineData("udp-connected", "[fd01::12]:53", "[fd10:2::2]:5302")]
    public async Task Udp_FromAPod_IsAnsweredFromTheService(string command, string service, string backend)
    {
        await B.DoAsync($"listen-udp {backend} {service}", Token);
        await Node.DoAsync($"service udp {service} 0 {backend}", Token);

        Assert.Equal($"{service} {service}", await A.AskAsync($"{command} {service} {service}", Token));
    }

    [Theory]
    [InlineData("10.96.2.1:80", "10.244.2.2:8001")]
    [InlineData("[fd01::21]:80", "[fd10:2::2]:8001")]
    public async Task Tcp_FromAPodWithoutSocketProgram_ReachesTheBackend(string service, string backend)
    {
        await B.DoAsync($"listen-tcp {backend} {service}", Token);
        await Node.DoAsync($"service tcp {service} 0 {backend}", Token);

        Assert.Equal($"{service} {service}", await A.AskAsync($"tcp {service}", Token));
    }

    [Theory]
    [InlineData("10.96.3.1:53", "10.244.2.2:5311", "10.244.2.2:5312")]
    [InlineData("[fd01::31]:53", "[fd10:2::2]:5311", "[fd10:2::2]:5312")]
    public async Task Udp_ConnectedSocketWhoseEndpointGoes_ItsNextDatagramGoesElsewhere(
        string service, string first, string second)
    {
        await B.DoAsync($"listen-udp {first} first-{service}", Token);
        await B.DoAsync($"listen-udp {second} second-{service}", Token);
        await Node.DoAsync($"service udp {service} 0 {first}", Token);
        string before = await A.AskAsync($"udp-connected {service} {service}", Token);

        await Node.DoAsync($"service udp {service} 0 {second}", Token);
        string after = await A.AskAsync($"udp-connected {service} {service}", Token);

        Assert.Equal(($"first-{service} {service}", $"second-{service} {service}"), (before, after));
    }

    [Theory]
    [InlineData("10.96.4.1:53", "10.244.2.2:5399")]
    [InlineData("[fd01::41]:53", "[fd10:2::2]:5399")]
    public async Task Udp_BackendPortIsClosed_ItsIcmpErrorReachesTheSocket(string service, string backend)
    {
        await Node.DoAsync($"service udp {service} 0 {backend}", Token);

        Assert.Equal("error ConnectionRefused", await A.AskAsync($"udp-connected {service} {service}", Token));
    }

    [Theory]
    [InlineData("udp", "10.96.5.1:53", "10.244.9.1:30053", "10.244.2.2:5321")]
    [InlineData("tcp", "10.96.5.2:80", "10.244.9.1:30080", "10.244.2.2:8021")]
    [InlineData("udp", "[fd01::51]:53", "[fd10:9::1]:30053", "[fd10:2::2]:5321")]
    [InlineData("tcp", "[fd01::52]:80", "[fd10:9::1]:30080", "[fd10:2::2]:8021")]
    public async Task NodePort_FromOutside_IsAnsweredFromTheNode(
        string protocol, string service, string nodePort, string backend)
    {
        await B.DoAsync($"listen-{protocol} {backend} {service}", Token);
        await Node.DoAsync($"service {protocol} {service} {nodePort.Split(':')[^1]} {backend}", Token);
        await Node.DoAsync($"local {System.Net.IPEndPoint.Parse(nodePort).Address}", Token);
        string client = protocol == "udp" ? $" {service}" : "";

        Assert.Equal($"{service} {nodePort}", await Outside.AskAsync($"{protocol}{client} {nodePort}", Token));
    }

    [Theory]
    [InlineData("udp", "10.96.6.1:53", "10.244.1.2:5331")]
    [InlineData("tcp", "10.96.6.2:80", "10.244.1.2:8031")]
    [InlineData("udp", "[fd01::61]:53", "[fd10:1::2]:5331")]
    [InlineData("tcp", "[fd01::62]:80", "[fd10:1::2]:8031")]
    public async Task Hairpin_PodIsItsOwnBackend_IsAnswered(string protocol, string service, string backend)
    {
        await A.DoAsync($"listen-{protocol} {backend} {service}", Token);
        await Node.DoAsync($"service {protocol} {service} 0 {backend}", Token);
        string client = protocol == "udp" ? $" {service}" : "";

        Assert.Equal($"{service} {service}", await A.AskAsync($"{protocol}{client} {service}", Token));
    }

    [Fact]
    public async Task Udp_NobodyServes_LeavesNothingOnTheWire()
    {
        await Node.DoAsync("service udp 10.96.7.1:53 0 10.244.2.2:5341", Token);
        await Node.DoAsync("service udp 10.96.7.1:53 0 ,", Token);
        await B.DoAsync("listen-udp 10.244.2.2:5341 silent", Token);
        await B.DoAsync("listen-udp 10.244.2.2:5342 other", Token);
        await Node.DoAsync("service udp 10.96.7.2:53 0 10.244.2.2:5342", Token);

        // The first is dropped; the second, sent after it by the same socket, is the only one answered.
        await A.DoAsync("udp-send silent 10.96.7.1:53", Token);

        Assert.Equal("other 10.96.7.2:53", await A.AskAsync("udp silent 10.96.7.2:53", Token));
    }

    [Theory]
    [InlineData("udp-connected", "10.96.8.1:53")]
    [InlineData("udp-connected", "[fd01::81]:53")]
    [InlineData("tcp", "10.96.8.2:80")]
    [InlineData("tcp", "[fd01::82]:80")]
    public async Task NobodyServes_FromAPod_IsRefused(string command, string service)
    {
        await Node.DoAsync($"service {command[..3]} {service} 0 ,", Token);

        string client = command == "tcp" ? "" : $" {service}";

        Assert.Equal("error ConnectionRefused", await A.AskAsync($"{command}{client} {service}", Token));
    }

    /// <summary>The sandbox, its links and its agents.</summary>
    /// <param name="hook">How programs are attached to links.</param>
    public abstract class Network(LinkHook hook) : IAsyncLifetime
    {
        // A redirect, as a pod gets that is its own backend, uses up what the kernel sends of other ICMP errors to that pod
        // for a second.
        private const string Setup = """
            set -e
            mkdir -p /run/netns
            echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
            echo 0 > /proc/sys/net/ipv4/conf/default/send_redirects
            join() {
                ip netns add "$1"
                ip link add "$1-host" type veth peer name eth0 netns "$1"
                ip address add "10.244.$2.1/24" dev "$1-host"
                ip address add "fd10:$2::1/64" dev "$1-host" nodad
                ip link set "$1-host" up
                ip -n "$1" link set lo up
                ip -n "$1" address add "10.244.$2.2/24" dev eth0
                ip -n "$1" address add "fd10:$2::2/64" dev eth0 nodad
                ip -n "$1" link set eth0 up
                ip -n "$1" route add default via "10.244.$2.1"
                ip -n "$1" -6 route add default via "fd10:$2::1"
            }
            join a 1
            join b 2
            join outside 9
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            """;

        private readonly List<ChildProcess> _agents = [];
        private NodeSandbox _sandbox = null!; // made before every test
        private string? _missing;

        internal NodeSandbox Sandbox => _sandbox;

        internal AgentClient Node { get; private set; } = null!;

        internal AgentClient A { get; private set; } = null!;

        internal AgentClient B { get; private set; } = null!;

        internal AgentClient Outside { get; private set; } = null!;

        /// <summary>Skips the calling test when the machine lacks something: a fixture cannot.</summary>
        public Network OrSkip()
        {
            Assert.SkipUnless(_missing is null, _missing ?? "");
            return this;
        }

        public async ValueTask InitializeAsync()
        {
            _missing = FindMissing();
            if (_missing is not null)
            {
                return;
            }

            _sandbox = await NodeSandbox.CreateAsync(Token);
            (await _sandbox.RunAsync("bash", ["-c", Setup], Token)).OrThrow();
            Node = await StartAsync(Environment.ProcessPath!, "agent");
            A = await StartAsync("ip", "netns", "exec", "a", Environment.ProcessPath!, "agent");
            B = await StartAsync("ip", "netns", "exec", "b", Environment.ProcessPath!, "agent");
            Outside = await StartAsync("ip", "netns", "exec", "outside", Environment.ProcessPath!, "agent");
            await Node.DoAsync($"node /sys/fs/bpf/node {hook}", Token);
            await Node.DoAsync("rules", Token);
            await Node.DoAsync("attach pod a-host", Token);
            await Node.DoAsync("attach pod b-host", Token);
            await Node.DoAsync("attach uplink outside-host", Token);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (ChildProcess agent in _agents)
            {
                await agent.DisposeAsync();
            }

            if (_sandbox is not null)
            {
                await _sandbox.DisposeAsync();
            }
        }

        protected virtual string? FindMissing() =>
            !Environment.IsPrivilegedProcess ? "Needs root."
            : TestPrograms.TryFind("ip") is null ? "Needs the program ip."
            : hook == LinkHook.Tcx && !FeatureProbe.HasTcx() ? "Needs tcx (kernel 6.6)."
            : null;

        private async Task<AgentClient> StartAsync(string program, params string[] arguments)
        {
            ChildProcess process = await _sandbox.StartAsync(program, arguments, Token);
            _agents.Add(process);
            return new AgentClient(process);
        }
    }
}

[Trait("Category", "Integration")]
public sealed class TcxPacketPathTests(TcxPacketPathTests.TcxNetwork network)
    : PacketPathSuite(network), IClassFixture<TcxPacketPathTests.TcxNetwork>
{
    public sealed class TcxNetwork() : Network(LinkHook.Tcx);
}

[Trait("Category", "Integration")]
public sealed class ClsactPacketPathTests(ClsactPacketPathTests.ClsactNetwork network)
    : PacketPathSuite(network), IClassFixture<ClsactPacketPathTests.ClsactNetwork>
{
    public sealed class ClsactNetwork() : Network(LinkHook.Clsact);
}
