using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>
/// A host with pods on a bridge, made without plugins, and a namespace that stands for the rest of the world. Everybody
/// has an address of both versions of IP; pods answer with their name and with who they think is asking.
/// </summary>
internal sealed class PortMapHost : IAsyncDisposable
{
    internal const string HostV4 = "192.0.2.1";
    internal const string HostV6 = "2001:db8::1";
    internal const string OutsideV4 = "192.0.2.2";
    internal const string OutsideV6 = "2001:db8::2";
    internal const string BridgeV4 = "10.88.0.1";
    internal const string BridgeV6 = "fd88::1";
    internal const string Outside = "outside";

    // Nobody is asked for neighbours before the link-local address has been tried, which takes seconds.
    private const string NoDuplicateDetection =
        "echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad";

    internal const int TcpPort = 8080;
    internal const int UdpPort = 5300;

    private readonly List<ChildProcess> _servers = [];

    private PortMapHost(CniHost host) => Host = host;

    internal CniHost Host { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static async Task<PortMapHost> CreateAsync(CniImplementation implementation, params string[] plugins)
    {
        Requires.Program("socat");

        if (implementation == CniImplementation.Reference)
        {
            Requires.Program("iptables", "ip6tables");
        }

        PortMapHost made = new(await CniHost.CreateAsync(implementation, plugins));

        try
        {
            await made.Host.RunAsync($"""
                set -e
                echo 1 > /proc/sys/net/ipv4/ip_forward
                echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
                {NoDuplicateDetection}
                ip link add br0 type bridge
                ip address add {BridgeV4}/24 dev br0
                ip -6 address add {BridgeV6}/64 dev br0 nodad
                ip link set br0 up
                ip netns add {Outside}
                ip netns exec {Outside} sh -c "{NoDuplicateDetection}"
                ip link add up0 type veth peer name eth0 netns {Outside}
                ip address add {HostV4}/24 dev up0
                ip -6 address add {HostV6}/64 dev up0 nodad
                ip link set up0 up
                ip -n {Outside} address add {OutsideV4}/24 dev eth0
                ip -n {Outside} -6 address add {OutsideV6}/64 dev eth0 nodad
                ip -n {Outside} link set eth0 up
                ip -n {Outside} link set lo up
                """);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess server in _servers)
        {
            await server.DisposeAsync();
        }

        await Host.DisposeAsync();
    }

    /// <summary>A pod on the bridge, 10.88.0.N and fd88::N, that answers.</summary>
    internal async Task<CniAttachment> AddPodAsync(string name, int number)
    {
        string path = await Host.AddPodAsync(name);
        await Host.RunAsync($"""
            set -e
            ip netns exec {name} sh -c "{NoDuplicateDetection}"
            ip link add v-{name} type veth peer name eth0 netns {name}
            ip link set v-{name} master br0 up
            ip link set v-{name} type bridge_slave hairpin on
            ip -n {name} address add 10.88.0.{number}/24 dev eth0
            ip -n {name} -6 address add fd88::{number}/64 dev eth0 nodad
            ip -n {name} link set lo up
            ip -n {name} link set eth0 up
            ip -n {name} route add default via {BridgeV4}
            ip -n {name} -6 route add default via {BridgeV6}
            """);
        await ServeAsync(name);

        // Neighbours know each other from here on: a lost first solicitation costs a second of the first packet's time.
        await Host.RunAsync($"ping -c 1 -w 10 10.88.0.{number} && ping -c 1 -w 10 fd88::{number}");
        return new CniAttachment($"container-{name}", path);
    }

    /// <summary>Has a namespace, or the host, answer: TCP and UDP with its name and the asking address.</summary>
    internal async Task ServeAsync(string? name)
    {
        string answer = $"SYSTEM:echo {name ?? "host"} $SOCAT_PEERADDR";
        await ServeAsync(name, $"TCP4-LISTEN:{TcpPort},fork,reuseaddr", answer);
        await ServeAsync(name, $"TCP6-LISTEN:{TcpPort},fork,reuseaddr,ipv6only=1", answer);
        await ServeUdpAsync(name, "0.0.0.0");
        await ServeUdpAsync(name, "::");
    }

    /// <summary>Asks from a namespace, from the host itself when it is null; "nobody" when there is no answer.</summary>
    internal async Task<string> AskTcpAsync(string? from, string address, int port)
    {
        string target = $"{(IsV6(address) ? $"TCP6:[{address}]" : $"TCP4:{address}")}:{port},connect-timeout=2";
        return Normalize(await RunAsync(from, $"socat -T2 -u {target} STDOUT 2>/dev/null || true"));
    }

    /// <summary>The same with UDP; a source port makes packets look as if they belonged together.</summary>
    internal async Task<string> AskUdpAsync(string? from, string address, int port, int sourcePort = 0)
    {
        string target = $"{(IsV6(address) ? $"UDP6:[{address}]" : $"UDP4:{address}")}:{port}";
        string source = sourcePort == 0 ? "" : $",sourceport={sourcePort},reuseaddr";
        return Normalize(await RunAsync(from, $"echo ask | socat -t5 - {target}{source} 2>/dev/null || true"));
    }

    /// <summary>What the plugins before this one would have returned for a pod.</summary>
    internal static JsonObject PreviousResult(CniAttachment pod, int number, string version = "1.0.0") => new()
    {
        ["cniVersion"] = version,
        ["interfaces"] = new JsonArray(
            new JsonObject { ["name"] = "br0" },
            new JsonObject { ["name"] = pod.InterfaceName, ["sandbox"] = pod.NetworkNamespace }),
        ["ips"] = new JsonArray(
            new JsonObject
            {
                ["version"] = "4",
                ["address"] = $"10.88.0.{number}/24",
                ["gateway"] = BridgeV4,
                ["interface"] = 1,
            },
            new JsonObject
            {
                ["version"] = "6",
                ["address"] = $"fd88::{number}/64",
                ["gateway"] = BridgeV6,
                ["interface"] = 1,
            }),
        ["dns"] = new JsonObject(),
    };

    private static bool IsV6(string address) => address.Contains(':', StringComparison.Ordinal);

    /// <summary>socat writes IPv6 addresses in full and in brackets.</summary>
    private static string Normalize(string answer)
    {
        string[] words = answer.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 2 ? $"{words[0]} {IPAddress.Parse(words[1].Trim('[', ']'))}" : "nobody";
    }

    private async Task ServeAsync(string? name, string listen, string answer)
    {
        ChildProcess server = await Host.StartAsync(name, "socat", "-d", "-d", listen, answer);
        _servers.Add(server);
        await server.Errors.WaitForLineAsync("listening on", Token);
    }

    /// <summary>One process that answers each datagram: socat's children race with it for the next one.</summary>
    private async Task ServeUdpAsync(string? name, string address)
    {
        const string Script =
            """
            my ($name, $address, $port) = @ARGV;
            my $socket = IO::Socket::IP->new(Proto => "udp", LocalHost => $address, LocalPort => $port, V6Only => 1) or die $@;
            print STDERR "receiving on $port\n";
            while (defined $socket->recv(my $datagram, 1500)) { $socket->send("$name " . $socket->peerhost . "\n"); }
            """;
        ChildProcess server = await Host.StartAsync(
            name, "perl", "-MIO::Socket::IP", "-e", Script, name ?? "host", address,
            UdpPort.ToString(CultureInfo.InvariantCulture));
        _servers.Add(server);
        await server.Errors.WaitForLineAsync("receiving on", Token);
    }

    private Task<string> RunAsync(string? from, string command) =>
        from is null ? Host.RunAsync(command) : Host.RunInPodAsync(from, $"sh -c '{command}'");
}
