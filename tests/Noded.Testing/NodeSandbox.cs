using System.Globalization;
using Noded.Primitives;

namespace Noded.Testing;

/// <summary>
/// A place for one node on this machine, with its own network, mount, PID, UTS and IPC namespaces, its own root
/// directory and cgroup prefix. Inside, only loopback is up and nothing routes out; /run, /sys and /sys/fs/bpf are
/// private, and so is what is written to /var/lib. Everything in it dies with it, and it dies with the test process.
/// Several may exist at once. Needs root.
/// </summary>
/// <remarks>
/// Cgroup paths are those of the machine: there is no cgroup namespace. What runs inside must keep to
/// <see cref="CgroupPrefix"/>, for that is what disposing removes.
/// </remarks>
public sealed class NodeSandbox : IAsyncDisposable
{
    // Long enough that an ordinary end needs no thawing.
    private static readonly TimeSpan ThawPeriod = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _anchor;
    private bool _disposed;

    private NodeSandbox(string root, ChildProcess anchor)
    {
        Paths = new NodePaths(root);
        _anchor = anchor;
    }

    /// <summary>Kubernetes' paths below <see cref="Root"/>, as a node started with that root uses them.</summary>
    public NodePaths Paths { get; }

    /// <summary>The node's <c>--root</c>, a short directory that the machine sees under the same path.</summary>
    public string Root => Paths.Root;

    /// <summary>The cgroup of this node in every hierarchy, a path without a leading slash.</summary>
    public string CgroupPrefix => Paths.CgroupPrefix;

    /// <summary>The sandbox's PID 1 as the machine sees it; its /proc/N/ns are the sandbox's namespaces.</summary>
    public int InitPid => _anchor.Id;

    /// <summary>Makes a sandbox; returns when commands can run in it.</summary>
    public static async Task<NodeSandbox> CreateAsync(CancellationToken cancellationToken)
    {
        string root = SandboxSetup.CreateRoot();
        ChildProcess anchor = ChildProcess.Start(
            "unshare",
            ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc", "--propagation",
                "private", "bash", "-c", SandboxSetup.Init, "init", root]);
        NodeSandbox sandbox = new(root, anchor);

        try
        {
            string? line = await anchor.Output.ReadOrEndAsync(cancellationToken);

            if (line != "ready")
            {
                List<string> errors = await anchor.Errors.ReadToEndAsync(cancellationToken);
                throw new IOException($"Sandbox {root}: {string.Join('\n', errors)}");
            }

            anchor.StandForChild();
            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>Joins two sandboxes with a veth pair; both ends are up when it returns.</summary>
    /// <remarks>The pair disappears, a moment later, with whichever sandbox is disposed first.</remarks>
    public static async Task LinkAsync(SandboxLinkEnd a, SandboxLinkEnd b, CancellationToken cancellationToken)
    {
        // Both ends are born in their namespaces: not for an instant is there a link on the machine itself.
        string[] add =
        [
            "link", "add", a.Link, "netns", Text(a.Sandbox.InitPid),
            "type", "veth", "peer", "name", b.Link, "netns", Text(b.Sandbox.InitPid),
        ];
        (await ChildProcess.RunAsync("ip", add, cancellationToken)).OrThrow();

        foreach (SandboxLinkEnd end in (SandboxLinkEnd[])[a, b])
        {
            // nodad: an IPv6 address is else tentative for a second, and binding to it fails.
            string[] address = ["address", "add", end.Address, "dev", end.Link, "nodad"];
            (await end.Sandbox.RunAsync("ip", address, cancellationToken)).OrThrow();
            (await end.Sandbox.RunAsync("ip", ["link", "set", end.Link, "up"], cancellationToken)).OrThrow();
        }
    }

    /// <summary>Runs a program inside to its end; when cancelled, kills it.</summary>
    public Task<ProgramResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken) =>
        ChildProcess.RunAsync("nsenter", [.. Enter(), program, .. arguments], cancellationToken);

    /// <summary>Starts a program inside. The handle's id and signals are those of the program itself.</summary>
    public async Task<ChildProcess> StartAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken)
    {
        // nsenter forks on its way into the PID namespace. The shell's line tells that the child exists; the exec
        // keeps its process id.
        ChildProcess process = ChildProcess.Start(
            "nsenter",
            [.. Enter(), "sh", "-c", "echo inside; exec \"$@\"", "sh", program, .. arguments]);

        try
        {
            await process.Output.WaitForLineAsync("inside", cancellationToken);
            process.StandForChild();
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills everything inside, waits until it is gone and removes the root and the cgroups.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;

        // Not the caller's token: a cancelled test must clean up too. Bounded, because a process stuck in the kernel
        // would else hang the whole suite without a word.
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(60), TimeProvider.System);

        try
        {
            await KillAsync(timeout.Token);
            await SandboxRemains.RemoveAsync(Root, CgroupPrefix, timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"Sandbox {Root} (PID 1 is {InitPid}) could not be removed in time.", e);
        }
    }

    private async Task KillAsync(CancellationToken cancellationToken)
    {
        // unshare reports its child's death, and the kernel reports PID 1's after that of everybody else inside.
        await _anchor.SignalAsync(9, cancellationToken);
        Task exit = _anchor.WaitForExitAsync(cancellationToken);

        // What a cgroup v1 freezer holds does not even die, and a runc killed between freezing and thawing leaves it
        // so.
        while (await Task.WhenAny(exit, Task.Delay(ThawPeriod, TimeProvider.System, cancellationToken)) != exit)
        {
            SandboxRemains.Thaw(CgroupPrefix);
        }

        await exit;
        await _anchor.DisposeAsync();
    }

    private string[] Enter() =>
        ["--target", Text(InitPid), "--net", "--mount", "--pid", "--uts", "--ipc", "--wd=/", "--"];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
