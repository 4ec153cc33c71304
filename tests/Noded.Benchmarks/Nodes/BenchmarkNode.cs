using System.Globalization;
using Grpc.Core;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Processes;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.Benchmarks.Nodes;

/// <summary>
/// A node in a sandbox: its daemon can be started, stopped and killed any number of times while containerd goes on.
/// </summary>
internal sealed class BenchmarkNode : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    // The shell's last act before exec(2) is to tell the time; EPOCHREALTIME needs no further process.
    private const string ExecWithTime = "echo \"exec $EPOCHREALTIME\"; exec \"$@\"";

    private readonly FdReactor _reactor = new();
    private readonly string _binary;
    private ChildProcess? _daemon;

    private BenchmarkNode(NodeSandbox sandbox)
    {
        Sandbox = sandbox;
        _binary = sandbox.Paths.Under("noded");
    }

    internal NodeSandbox Sandbox { get; }

    internal CgroupHierarchies Hierarchies { get; } = CgroupHierarchies.Discover();

    /// <summary>The daemon as the machine numbers it.</summary>
    internal bool IsDaemonRunning => _daemon is not null;

    internal int DaemonPid => Daemon.Id;

    private ChildProcess Daemon => _daemon ?? throw new InvalidOperationException("The daemon does not run.");

    /// <summary>Makes a node whose daemon has started containerd, rests, and has the test image.</summary>
    internal static async Task<BenchmarkNode> StartAsync(BenchmarkFiles files, CancellationToken cancellationToken)
    {
        BenchmarkNode node = new(await NodeSandbox.CreateAsync(cancellationToken));
        try
        {
            // Pss divides a file's pages among all processes that map it: whoever else runs the published binary on
            // this machine would make this node look smaller.
            File.Copy(files.Binary, node._binary);
            await node.StartDaemonAsync(cancellationToken);
            await node.WaitIdleAsync(cancellationToken);
            string[] import = ["images", "import", "--root", node.Sandbox.Root, files.ImageArchive];
            (await node.Sandbox.RunAsync(node._binary, import, cancellationToken)).OrThrow();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon.</summary>
    /// <returns>The moment of its exec.</returns>
    internal async Task<DateTimeOffset> StartDaemonAsync(CancellationToken cancellationToken)
    {
        string[] command = ["-c", ExecWithTime, "bash", _binary, "run", "--root", Sandbox.Root];
        _daemon = await Sandbox.StartAsync("bash", command, cancellationToken);
        string line = await _daemon.Output.ReadAsync(cancellationToken);
        decimal seconds = decimal.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        return DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
    }

    internal Task StopDaemonAsync(CancellationToken cancellationToken) => EndDaemonAsync(Sigterm, cancellationToken);

    internal Task KillDaemonAsync(CancellationToken cancellationToken) => EndDaemonAsync(Sigkill, cancellationToken);

    /// <summary>Ends containerd; no pod may run.</summary>
    internal async Task StopContainerdAsync(CancellationToken cancellationToken)
    {
        foreach (int pid in new Cgroup(Hierarchies, ContainerdCgroup).Processes())
        {
            using PidFd process = PidFd.Open(pid);
            process.Signal(Sigterm);
            await process.WaitForExitAsync(_reactor, cancellationToken);
        }
    }

    internal string DaemonCgroup => Sandbox.CgroupPrefix + "/daemon";

    internal string ContainerdCgroup => Sandbox.CgroupPrefix + "/containerd";

    /// <summary>Puts a manifest in place in one step.</summary>
    internal async Task PlaceAsync(string name, string manifest, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Sandbox.Paths.Manifests);
        string hidden = Path.Combine(Sandbox.Paths.Manifests, $".{name}.yaml");
        await File.WriteAllTextAsync(hidden, manifest, cancellationToken);
        File.Move(hidden, Path.Combine(Sandbox.Paths.Manifests, $"{name}.yaml"));
    }

    internal void Withdraw(string name) => File.Delete(Path.Combine(Sandbox.Paths.Manifests, $"{name}.yaml"));

    /// <summary>Returns when the daemon, which may be starting, has nothing left to do.</summary>
    /// <returns>Its pods.</returns>
    internal Task<IReadOnlyList<Pod>> WaitIdleAsync(CancellationToken cancellationToken) => UnixChannel.CallWhenUpAsync(
        Sandbox.Paths.OperatorSocket,
        async channel =>
        {
            Operator.OperatorClient client = new(channel);
            CallOptions options = new(cancellationToken: cancellationToken);
            await client.WaitIdleAsync(new WaitIdleRequest(), options);
            return (IReadOnlyList<Pod>)(await client.PodsAsync(new PodsRequest(), options)).Pods;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        await Sandbox.DisposeAsync();
        _reactor.Dispose();
    }

    private async Task EndDaemonAsync(int signal, CancellationToken cancellationToken)
    {
        await Daemon.SignalAsync(signal, cancellationToken);
        await Daemon.WaitForExitAsync(cancellationToken);
        await Daemon.DisposeAsync();
        _daemon = null;
    }
}
