using System.Net;
using System.Text.Json.Nodes;
using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>
/// A machine for plugins: a network of its own without a way out, pods as named network namespaces in it, and a runtime
/// written by hand that calls the plugins as the specification says.
/// </summary>
internal sealed class CniHost : IAsyncDisposable
{
    /// <summary>Addresses of the namespace that stands for the rest of the world; see <see cref="AddOutsideAsync"/>.</summary>
    internal const string OutsideV4 = "192.0.2.2";
    internal const string OutsideV6 = "2001:db8::2";

    /// <summary>The host's addresses on the way there.</summary>
    internal const string UplinkV4 = "192.0.2.1";
    internal const string UplinkV6 = "2001:db8::1";

    private const int EchoPort = 9;

    private readonly NodeSandbox _sandbox;
    private ChildProcess? _server;
    private int _documents;

    private CniHost(NodeSandbox sandbox, string pluginDirectory)
    {
        _sandbox = sandbox;
        PluginDirectory = pluginDirectory;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal string PluginDirectory { get; }

    /// <summary>For what plugins keep on disk; empty at first.</summary>
    internal string DataDirectory => Path.Combine(_sandbox.Root, "cni");

    /// <summary>A directory of the test's own, the same on the machine.</summary>
    internal string Root => _sandbox.Root;

    /// <summary>The cgroup that containers of the test belong below.</summary>
    internal string CgroupPrefix => _sandbox.CgroupPrefix;

    internal int InitPid => _sandbox.InitPid;

    internal static async Task<CniHost> CreateAsync(CniImplementation implementation, params string[] plugins)
    {
        Requires.Root();
        Requires.Program("ip", "nft", "ping", "socat");
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        try
        {
            CniHost host = new(sandbox, implementation.Install(Path.Combine(sandbox.Root, "bin"), plugins));

            if (implementation is CniImplementation.Served)
            {
                await host.ServeAsync();
            }

            return host;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await _sandbox.DisposeAsync();
    }

    /// <summary>Starts the process that does what the plugins are asked for; there is one at a time.</summary>
    internal async Task ServeAsync()
    {
        _server = await _sandbox.StartAsync(
            PublishedBinary.Path, ["cni", "serve", "--socket", Path.Combine(PluginDirectory, "noded.sock")], Token);

        // It says so once it listens.
        await _server.Output.ReadAsync(Token);
    }

    /// <summary>Ends it at once, whatever it was doing.</summary>
    internal async Task KillServerAsync()
    {
        await _server!.DisposeAsync();
        _server = null;
    }

    /// <summary>Makes the network namespace of a pod; returns its path.</summary>
    internal async Task<string> AddPodAsync(string name)
    {
        await RunAsync($"ip netns add {name}");
        return $"/run/netns/{name}";
    }

    /// <summary>A shell command on the host; its output.</summary>
    /// <exception cref="IOException">It failed; the message has its errors.</exception>
    internal async Task<string> RunAsync(string command) =>
        (await _sandbox.RunAsync("sh", ["-c", command], Token)).OrThrow().Output;

    /// <summary>The same in a pod's network namespace.</summary>
    internal Task<string> RunInPodAsync(string pod, string command) => RunAsync($"ip netns exec {pod} {command}");

    /// <summary>A program that keeps running, on the host or in a pod.</summary>
    internal Task<ChildProcess> StartAsync(string? pod, string program, params string[] arguments) =>
        pod is null
            ? _sandbox.StartAsync(program, arguments, Token)
            : _sandbox.StartAsync("ip", ["netns", "exec", pod, program, .. arguments], Token);

    /// <summary>
    /// Makes a namespace behind a link of the host that stands for the rest of the world. It knows the way to the host
    /// alone, and to the networks given.
    /// </summary>
    internal Task AddOutsideAsync(params string[] networks) => RunAsync($$"""
        set -e
        ip netns add outside
        ip link add uplink type veth peer name eth0 netns outside
        ip address add {{UplinkV4}}/24 dev uplink
        ip -6 address add {{UplinkV6}}/64 dev uplink nodad
        ip link set uplink up
        in="ip netns exec outside ip"
        $in address add {{OutsideV4}}/24 dev eth0
        $in -6 address add {{OutsideV6}}/64 dev eth0 nodad
        $in link set eth0 up
        $in link set lo up
        # A link takes part in neighbour discovery only once the kernel has looked at its carrier, which may take seconds.
        ip netns exec outside ping -q -c 1 -w 20 {{UplinkV4}} > /dev/null
        ip netns exec outside ping -q -c 1 -w 20 {{UplinkV6}} > /dev/null
        for network in {{string.Join(' ', networks)}}; do
            case $network in
            *:*) $in route add $network via {{UplinkV6}} ;;
            *) $in route add $network via {{UplinkV4}} ;;
            esac
        done
        """);

    /// <summary>The source address that a TCP connection of a pod has when it arrives outside.</summary>
    internal Task<string> SourceSeenOutsideAsync(string pod, string address) => SourceSeenAsync("outside", pod, address);

    /// <summary>The same when it arrives at another pod.</summary>
    internal async Task<string> SourceSeenAsync(string receiver, string pod, string address)
    {
        bool isV6 = address.Contains(':', StringComparison.Ordinal);
        string family = isV6 ? "6" : "4";
        await using ChildProcess server = await StartAsync(
            receiver, "socat", "-dd", $"TCP{family}-LISTEN:{EchoPort},reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR");

        // socat says on its standard error that it listens.
        while (!(await server.Errors.ReadAsync(Token)).Contains(" listening on", StringComparison.Ordinal))
        {
        }

        string target = isV6 ? $"[{address}]" : address;
        string seen = await RunInPodAsync(pod, $"timeout 10 socat -u TCP{family}:{target}:{EchoPort} STDOUT");
        return IPAddress.Parse(seen.Trim().Trim('[', ']')).ToString();
    }

    /// <summary>One call of one plugin.</summary>
    /// <param name="config">The configuration; its type says which plugin is called.</param>
    internal Task<CniOutcome> CallAsync(string verb, JsonNode config, CniAttachment attachment) =>
        CallAsync(verb, config["type"]!.GetValue<string>(), config.ToJsonString(), attachment);

    /// <summary>The same with whatever text stands for a configuration.</summary>
    /// <param name="wrapper">What the plugin is started by, such as <c>strace</c>; words without blanks.</param>
    internal async Task<CniOutcome> CallAsync(
        string verb, string plugin, string config, CniAttachment attachment, string wrapper = "")
    {
        string document = Path.Combine(_sandbox.Root, $"netconf{Interlocked.Increment(ref _documents)}");
        await File.WriteAllTextAsync(document, config, Token);
        ProgramResult result = await _sandbox.RunAsync(
            "env",
            [
                "-i",
                $"CNI_COMMAND={verb}",
                $"CNI_CONTAINERID={attachment.ContainerId}",
                $"CNI_NETNS={attachment.NetworkNamespace}",
                $"CNI_IFNAME={attachment.InterfaceName}",
                $"CNI_ARGS={attachment.Arguments}",
                $"CNI_PATH={PluginDirectory}",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "sh", "-c", $"exec {wrapper} \"$0\" < \"$1\"", Path.Combine(PluginDirectory, plugin), document,
            ],
            Token);
        return new CniOutcome(result.ExitCode, result.Output, result.Error);
    }
}
