using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Noded.Bpf;
using Noded.ServiceProxy.Datapath;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests;

/// <summary>
/// A sandbox whose cgroup has the socket programs attached, and an agent inside. The maps are ours to write; the pins lie
/// in a bpf file system of the test's own.
/// </summary>
internal sealed class ProxySandbox : IAsyncDisposable
{
    internal const string CgroupRoot = "/sys/fs/cgroup/unified";

    private readonly NodeSandbox _sandbox;
    private readonly GraceBarrier _barrier = new();
    private readonly List<ChildProcess> _agents = [];
    private SocketDatapath _datapath;

    private ProxySandbox(NodeSandbox sandbox, string mount, DatapathOptions options)
    {
        (_sandbox, Mount, Options) = (sandbox, mount, options);
        _datapath = SocketDatapath.Open(Pins, options);
        Tables = new ServiceTables(_datapath.Maps, _barrier.Wait);
        _datapath.Attach(Cgroup);
    }

    internal static DatapathOptions SmallOptions { get; } = new()
    {
        MaxFrontends = 4096,
        MaxBackends = 8192,
        MaxSlots = 16384,
        MaxAffinities = 1024,
        MaxSourceRanges = 1024,
        UntranslatedMark = 77,
    };

    public ServiceTables Tables { get; private set; }

    public ServiceMaps Maps => _datapath.Maps;

    public NodeSandbox Sandbox => _sandbox;

    public DatapathOptions Options { get; }

    public string Mount { get; }

    public string Pins => Path.Combine(Mount, "node");

    public string Cgroup => Path.Combine(CgroupRoot, _sandbox.CgroupPrefix);

    internal static async Task<ProxySandbox> CreateAsync(
        CancellationToken cancellationToken, DatapathOptions? options = null)
    {
        Requires.Root();
        Assert.SkipUnless(Directory.Exists(CgroupRoot), $"Needs cgroup2 at {CgroupRoot}.");
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        string mount = Directory.CreateTempSubdirectory("nd-bpf-").FullName;
        (await ChildProcess.RunAsync("mount", ["-t", "bpf", "bpf", mount], cancellationToken)).OrThrow();
        Directory.CreateDirectory(Path.Combine(CgroupRoot, sandbox.CgroupPrefix));
        return new ProxySandbox(sandbox, mount, options ?? SmallOptions);
    }

    /// <summary>Starts an agent in the sandbox, in the cgroup with the programs or in one beside it.</summary>
    /// <param name="dropping">Capabilities that it shall not have, as setpriv(1) writes them; null for none.</param>
    public async Task<AgentClient> StartAgentAsync(
        CancellationToken cancellationToken, bool isTranslated = true, string? dropping = null)
    {
        string cgroup = isTranslated ? Cgroup : CgroupRoot;
        string prefix = dropping is null ? "" : $"setpriv --bounding-set={dropping} --inh-caps={dropping}";
        ChildProcess process = await _sandbox.StartAsync(
            "sh",
            ["-c", $"echo $$ > {cgroup}/cgroup.procs; exec {prefix} '{Environment.ProcessPath}' agent"],
            cancellationToken);
        _agents.Add(process);
        return new AgentClient(process);
    }

    /// <summary>Tells the programs that the sandbox is the node itself, with these addresses.</summary>
    public async Task BecomeHostAsync(AgentClient agent, CancellationToken cancellationToken)
    {
        ulong cookie = ulong.Parse(await agent.AskAsync("cookie", cancellationToken), CultureInfo.InvariantCulture);
        Maps.Clients.Set(
            cookie, new ClientEntry(ClientFlags.Host, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")));
    }

    public BpfMap<ulong, FlowEntry> OpenUdpConnections() => _datapath.OpenUdpConnections();

    public async Task AddAddressAsync(string address, CancellationToken cancellationToken) =>
        (await _sandbox.RunAsync("ip", ["address", "add", address, "dev", "lo", "nodad"], cancellationToken)).OrThrow();

    /// <summary>Ends our hold of everything and takes it over from the pins, as a new daemon does.</summary>
    public void Restart()
    {
        _datapath.Dispose();
        _datapath = SocketDatapath.Open(Pins, Options);
        Tables = new ServiceTables(_datapath.Maps, _barrier.Wait);
        _datapath.Attach(Cgroup);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess agent in _agents)
        {
            await agent.DisposeAsync();
        }

        _datapath.Dispose();
        _barrier.Dispose();
        SocketDatapath.RemovePins(Pins);
        await ChildProcess.RunAsync("umount", [Mount], CancellationToken.None);
        Directory.Delete(Mount);
        await _sandbox.DisposeAsync();
    }
}

/// <summary>The test's end of an agent.</summary>
internal sealed class AgentClient(ChildProcess process)
{
    public int Id => process.Id;

    /// <summary>Gives a command and returns its answer.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        try
        {
            await process.WriteLineAsync(command, cancellationToken);
            return await process.Output.ReadAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or ChannelClosedException)
        {
            throw new IOException(
                $"the agent ended at '{command}': {string.Join('\n', await process.Errors.ReadAllAsync(cancellationToken).ToListAsync(cancellationToken))}", e);
        }
    }

    /// <summary>Gives a command that must be answered by ok.</summary>
    public async Task DoAsync(string command, CancellationToken cancellationToken) =>
        Assert.Equal("ok", await AskAsync(command, cancellationToken));
}
