using Grpc.Core;
using Grpc.Net.Client;
using Noded.Kubelet.Runtime;
using Noded.Primitives;
using Noded.Protocols.Operator.V1;
using Container = Noded.Protocols.Operator.V1.Container;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>The published binary as a node in a sandbox of its own, with the test image imported.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    internal const string Image = "noded.internal/testimage:1";

    private const int Sigterm = 15;

    /// <summary>Names the containerd to run the tests with, when it is not the machine's own.</summary>
    private const string ContainerdVariable = "NODED_CONTAINERD";

    /// <summary>As <see cref="ContainerdVariable"/>, for runc.</summary>
    private const string RuncVariable = "NODED_RUNC";

    private readonly NodeSandbox _sandbox;
    private readonly string[] _options;
    private GrpcChannel _channel;
    private ChildProcess? _daemon;

    private TestNode(NodeSandbox sandbox, string[] options)
    {
        _options = options;
        _sandbox = sandbox;
        _channel = UnixSocketChannel.Open(sandbox.Paths.OperatorSocket);
    }

    /// <summary>The runtime that nodes of these tests run.</summary>
    internal static string Containerd =>
        Environment.GetEnvironmentVariable(ContainerdVariable) is { Length: > 0 } other ? other : "containerd";

    internal NodePaths Paths => _sandbox.Paths;

    internal NodeSandbox Sandbox => _sandbox;

    internal Operator.OperatorClient Operator => new(_channel);

    /// <summary>What the daemon that was started last has logged so far.</summary>
    internal List<string> Log { get; } = [];

    private static string ImageArchive => Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage.tar");

    /// <summary>Makes a sandbox and starts a node in it.</summary>
    /// <param name="options">Options of <c>noded run</c> beside those that every test node has.</param>
    internal static Task<TestNode> CreateAsync(CancellationToken cancellationToken, params string[] options) =>
        CreateAsync(null, cancellationToken, options);

    /// <param name="settings">Fields of the node's KubeletConfiguration; null for no such file.</param>
    internal static async Task<TestNode> CreateAsync(
        string? settings, CancellationToken cancellationToken, params string[] options)
    {
        Requires.Root();
        Requires.Program("containerd", "runc", "curl");
        TestNode node = new(await NodeSandbox.CreateAsync(cancellationToken), options);
        try
        {
            if (settings is not null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(node.Paths.Configuration)!);
                await File.WriteAllTextAsync(
                    node.Paths.Configuration,
                    $"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{settings}",
                    cancellationToken);
            }

            await node.StartDaemonAsync(cancellationToken);
            (await node.RunAsync(["images", "import", "--root", node.Paths.Root, ImageArchive], cancellationToken)).OrThrow();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon and returns once it hears from the runtime.</summary>
    /// <param name="wrapper">What it is started by, such as <c>env</c> with its variables.</param>
    internal Task StartDaemonAsync(CancellationToken cancellationToken, params string[] wrapper) =>
        StartDaemonAsync(["event stream is open", "Listening on"], cancellationToken, wrapper);

    /// <summary>Starts the daemon and returns once its log has had each of these texts.</summary>
    internal async Task StartDaemonAsync(
        HashSet<string> awaited, CancellationToken cancellationToken, params string[] wrapper)
    {
        string[] programs = [.. OptionOf("--containerd", ContainerdVariable), .. OptionOf("--runc", RuncVariable)];
        string[] command =
            [.. wrapper, PublishedBinary.Path, "run", "--root", Paths.Root, "--node-name", "node1", .. programs, .. _options];
        _daemon = await _sandbox.StartAsync(command[0], command[1..], cancellationToken);
        Log.Clear();
        while (await _daemon.Output.ReadOrEndAsync(cancellationToken) is { } line)
        {
            Log.Add(line);
            awaited.RemoveWhere(text => line.Contains(text, StringComparison.Ordinal));
            if (awaited.Count == 0)
            {
                _channel.Dispose();
                _channel = UnixSocketChannel.Open(Paths.OperatorSocket);
                return;
            }
        }

        List<string> errors = await _daemon.Errors.ReadToEndAsync(cancellationToken);
        throw new IOException($"The daemon ended: {string.Join('\n', Log.Concat(errors))}");

        static string[] OptionOf(string option, string variable) =>
            Environment.GetEnvironmentVariable(variable) is { Length: > 0 } binary ? [option, binary] : [];
    }

    /// <summary>Reads on in the daemon's log until every one of these texts has ended a line.</summary>
    internal async Task WaitForLogAsync(IEnumerable<string> endings, CancellationToken cancellationToken)
    {
        HashSet<string> missing = [.. endings.Where(ending => !Log.Any(line => EndsWith(line, ending)))];
        while (missing.Count > 0)
        {
            string line = await _daemon!.Output.ReadAsync(cancellationToken);
            Log.Add(line);
            missing.RemoveWhere(ending => EndsWith(line, ending));
        }

        static bool EndsWith(string line, string ending) => line.EndsWith(ending, StringComparison.Ordinal);
    }

    /// <summary>Ends the daemon with a signal and waits until it is gone.</summary>
    internal async Task StopDaemonAsync(int signal, CancellationToken cancellationToken)
    {
        await _daemon!.SignalAsync(signal, cancellationToken);
        await _daemon.WaitForExitAsync(cancellationToken);
        await _daemon.DisposeAsync();
        _daemon = null;
    }

    /// <summary>Ends the daemon and puts a proxy between the next one and its runtime.</summary>
    internal async Task<GrpcFaultProxy> InterposeAsync(CancellationToken cancellationToken)
    {
        await StopDaemonAsync(Sigterm, cancellationToken);

        // Who listens on a socket still does when its file has another name.
        string real = Paths.ContainerdSocket + ".real";
        File.Move(Paths.ContainerdSocket, real);
        return await GrpcFaultProxy.StartAsync(Paths.ContainerdSocket, real, TimeProvider.System, cancellationToken);
    }

    /// <summary>Runs one of the binary's verbs in the sandbox.</summary>
    internal Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        _sandbox.RunAsync(PublishedBinary.Path, arguments, cancellationToken);

    /// <summary>Puts a manifest into place in one step, as an editor or kubeadm would.</summary>
    internal void Place(string name, string manifest)
    {
        Directory.CreateDirectory(Paths.Manifests);
        string hidden = Path.Combine(Paths.Manifests, "." + name);
        File.WriteAllText(hidden, manifest);
        File.Move(hidden, Path.Combine(Paths.Manifests, name), overwrite: true);
    }

    /// <summary>Puts a manifest of Services into place.</summary>
    internal async Task PlaceServicesAsync(string name, string manifest, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Paths.Services);
        await File.WriteAllTextAsync(Path.Combine(Paths.Services, name), manifest, cancellationToken);
    }

    internal void Remove(string name) => File.Delete(Path.Combine(Paths.Manifests, name));

    internal async Task WaitIdleAsync(CancellationToken cancellationToken) =>
        await Operator.WaitIdleAsync(new WaitIdleRequest(), cancellationToken: cancellationToken);

    internal async Task<IReadOnlyList<Pod>> PodsAsync(CancellationToken cancellationToken) =>
        (await Operator.PodsAsync(new PodsRequest(), cancellationToken: cancellationToken)).Pods;

    /// <summary>The one container of the node's one pod.</summary>
    internal async Task<Container> OnlyContainerAsync(CancellationToken cancellationToken) =>
        Assert.Single(Assert.Single(await PodsAsync(cancellationToken)).Containers);

    internal async Task<StatusResponse> StatusAsync(CancellationToken cancellationToken) =>
        await Operator.StatusAsync(new StatusRequest(), cancellationToken: cancellationToken);

    /// <summary>Reads events until one satisfies <paramref name="isMeant"/>.</summary>
    internal async Task<Event> WaitForEventAsync(Func<Event, bool> isMeant, CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<Event> call =
            Operator.Events(new EventsRequest { Follow = true }, cancellationToken: cancellationToken);
        await foreach (Event nodeEvent in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (isMeant(nodeEvent))
            {
                return nodeEvent;
            }
        }

        throw new IOException("The daemon ended before the event came.");
    }

    /// <summary>Reads the flight recorder until <paramref name="count"/> entries satisfy <paramref name="isMeant"/>.</summary>
    internal async Task WaitForTimelineAsync(
        Func<TimelineEntry, bool> isMeant, int count, CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<TimelineEntry> call =
            Operator.Timeline(new TimelineRequest { Follow = true }, cancellationToken: cancellationToken);
        await foreach (TimelineEntry entry in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (isMeant(entry) && --count == 0)
            {
                return;
            }
        }
    }

    internal async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<TimelineEntry> call =
            Operator.Timeline(new TimelineRequest(), cancellationToken: cancellationToken);
        List<TimelineEntry> entries = [];
        await foreach (TimelineEntry entry in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>The pids, inside the sandbox, of the test image's programs.</summary>
    internal async Task<IReadOnlyList<string>> TestProgramPidsAsync(CancellationToken cancellationToken)
    {
        ProgramResult result = await _sandbox.RunAsync("pgrep", ["-x", "testimage"], cancellationToken);
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Ends a process of the sandbox at once.</summary>
    internal async Task KillAsync(string pid, CancellationToken cancellationToken) =>
        (await _sandbox.RunAsync("kill", ["-9", pid], cancellationToken)).OrThrow();

    /// <summary>Fetches a page inside the sandbox.</summary>
    internal async Task<string> FetchAsync(string url, CancellationToken cancellationToken) =>
        (await _sandbox.RunAsync(
            "curl",
            ["--silent", "--fail", "--retry", "20", "--retry-delay", "0", "--retry-max-time", "5", "--retry-all-errors", url],
            cancellationToken)).OrThrow().Output;

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        await _sandbox.DisposeAsync();
    }
}
