namespace Noded.Testing.Tests;

[Trait("Category", "Integration")]
[Collection(nameof(WholeMachine))]
public sealed class NodeSandboxTests
{
    public NodeSandboxTests()
    {
        Requires.Root();
        Requires.Program("unshare", "nsenter", "ip");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_LinksAndRoutes_OnlyLoopbackUpAndNoWayOut()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult links = (await sandbox.RunAsync("ls", ["/sys/class/net"], Token)).OrThrow();
        ProgramResult state = (await sandbox.RunAsync("ip", ["-brief", "link"], Token)).OrThrow();
        ProgramResult way = await sandbox.RunAsync("ip", ["route", "get", "192.0.2.9"], Token);

        Assert.Equal("lo", links.Output.Trim());
        Assert.Contains("LOOPBACK,UP", state.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, way.ExitCode);
    }

    [Fact]
    public async Task RunAsync_NamesAndRuntimeFiles_AreTheSandboxsOwn()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult name = (await sandbox.RunAsync("hostname", [], Token)).OrThrow();
        (await sandbox.RunAsync("touch", ["/run/mine"], Token)).OrThrow();

        Assert.Equal(Path.GetFileName(sandbox.Root), name.Output.Trim());
        Assert.False(File.Exists("/run/mine"));
    }

    [Fact]
    public async Task RunAsync_ProgramFails_ReturnsItsCodeAndBothStreams()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult result = await sandbox.RunAsync("sh", ["-c", "echo out; echo err >&2; exit 7"], Token);

        Assert.Equal((7, "out\n", "err\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task RunAsync_Cancelled_KillsTheProgramInside()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        string fifo = Path.Combine(sandbox.Root, "fifo");
        (await sandbox.RunAsync("mkfifo", [fifo], Token)).OrThrow();
        string[] wait = ["-c", $"exec 9>{fifo}; read -r _ <{fifo}"];
        Task<ProgramResult> run = sandbox.RunAsync("sh", wait, cancellation.Token);
        await using FileStream end = await Task.Run(() => File.OpenRead(fifo), Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, await end.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task StartAsync_Signal_ReachesTheProgramItself()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        await using ChildProcess process = await sandbox.StartAsync(
            "bash", ["-c", "trap 'echo got; exit 3' USR1; echo armed; read -r _"], Token);
        await process.Output.WaitForLineAsync("armed", Token);

        await process.SignalAsync(10, Token);

        await process.Output.WaitForLineAsync("got", Token);
        Assert.Equal(3, await process.WaitForExitAsync(Token));
    }

    [Fact]
    public async Task CreateAsync_TwoAtOnce_DoNotSeeEachOther()
    {
        await using NodeSandbox a = await NodeSandbox.CreateAsync(Token);
        await using NodeSandbox b = await NodeSandbox.CreateAsync(Token);
        await using ChildProcess marked = await a.StartAsync("sleep", ["918273"], Token);
        (await a.RunAsync("ip", ["link", "add", "only-in-a", "type", "bridge"], Token)).OrThrow();

        ProgramResult seenByA = await a.RunAsync("pgrep", ["--full", "918273"], Token);
        ProgramResult seenByB = await b.RunAsync("pgrep", ["--full", "918273"], Token);
        ProgramResult links = (await b.RunAsync("ip", ["link"], Token)).OrThrow();

        Assert.Equal((0, 1), (seenByA.ExitCode, seenByB.ExitCode));
        Assert.DoesNotContain("only-in-a", links.Output, StringComparison.Ordinal);
        Assert.NotEqual((a.Root, a.CgroupPrefix), (b.Root, b.CgroupPrefix));
    }

    [Fact]
    public async Task LinkAsync_TwoSandboxes_CarriesTraffic()
    {
        await using NodeSandbox a = await NodeSandbox.CreateAsync(Token);
        await using NodeSandbox b = await NodeSandbox.CreateAsync(Token);
        SandboxLinkEnd endA = new(a, "eth0", "192.168.70.1/24");
        SandboxLinkEnd endB = new(b, "eth0", "192.168.70.2/24");

        await NodeSandbox.LinkAsync(endA, endB, Token);

        // An answer of "refused" came over the link; without it the connection would find no route.
        ProgramResult refused = await a.RunAsync("bash", ["-c", "echo > /dev/tcp/192.168.70.2/9"], Token);
        Assert.Contains("Connection refused", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisposeAsync_OrphansMountsCgroupsAndPins_LeavesTheMachineAsItWas()
    {
        MachineInventory before = await MachineInventory.TakeAsync(Token);
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        string mess = $"""
            set -e
            for tree in /sys/fs/cgroup/*/; do mkdir -p $tree/{sandbox.CgroupPrefix}/kubepods/pod; done
            echo $$ > /sys/fs/cgroup/unified/{sandbox.CgroupPrefix}/kubepods/pod/cgroup.procs
            mkdir -p {sandbox.Root}/mnt /run/netns
            mount -t tmpfs tmpfs {sandbox.Root}/mnt
            ip netns add leaked
            setsid sleep infinity </dev/null >/dev/null 2>&1 &
            """;
        (await sandbox.RunAsync("bash", ["-c", mess], Token)).OrThrow();
        MachineInventory during = await MachineInventory.TakeAsync(Token);

        await sandbox.DisposeAsync();

        string cgroup = $"+ cgroup unified:/{sandbox.CgroupPrefix}/kubepods/pod";
        Assert.Contains(cgroup, MachineInventory.Diff(before, during));
        Assert.Empty(WholeMachine.LeftBehind(before, await MachineInventory.TakeAsync(Token)));
        Assert.False(Directory.Exists(sandbox.Root));
    }

    [Fact]
    public async Task DisposeAsync_FrozenProcessInside_ThawsItAndEnds()
    {
        CgroupHierarchy? freezer = CgroupHierarchy.ReadAll().FirstOrDefault(hierarchy => hierarchy.Name == "freezer");
        Assert.SkipWhen(freezer is null, "Needs a cgroup v1 freezer.");
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        await using ChildProcess frozen = await sandbox.StartAsync("sleep", ["infinity"], Token);
        string cgroup = Path.Combine(freezer.MountPoint, sandbox.CgroupPrefix, "pod");
        Directory.CreateDirectory(cgroup);
        await File.WriteAllTextAsync(Path.Combine(cgroup, "cgroup.procs"), $"{frozen.Id}", Token);
        await File.WriteAllTextAsync(Path.Combine(cgroup, "freezer.state"), "FROZEN", Token);

        await sandbox.DisposeAsync();

        Assert.Equal(128 + 9, await frozen.WaitForExitAsync(Token));
        Assert.False(Directory.Exists(cgroup));
    }

    [Fact]
    public async Task DisposeAsync_ForeignProcessInItsCgroup_KillsItAndRemovesTheCgroup()
    {
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        await using ChildProcess outside = ChildProcess.Start("sleep", "infinity");
        string cgroup = Path.Combine(CgroupHierarchy.ReadAll()[0].MountPoint, sandbox.CgroupPrefix);
        Directory.CreateDirectory(cgroup);
        await File.WriteAllTextAsync(Path.Combine(cgroup, "cgroup.procs"), $"{outside.Id}", Token);

        await sandbox.DisposeAsync();

        Assert.Equal(128 + 9, await outside.WaitForExitAsync(Token));
        Assert.False(Directory.Exists(cgroup));
    }
}
