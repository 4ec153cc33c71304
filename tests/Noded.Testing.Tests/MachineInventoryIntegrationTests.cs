using System.Security.Cryptography;

namespace Noded.Testing.Tests;

[Trait("Category", "Integration")]
[Collection(nameof(WholeMachine))]
public sealed class MachineInventoryIntegrationTests
{
    private readonly string _name = $"nt{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public MachineInventoryIntegrationTests()
    {
        Requires.Root();
        Requires.Program("ip", "nft", "mount", "losetup");
    }

    [Fact]
    public async Task TakeAsync_LinkRouteAndNetns_AreSeenComingAndGoing() => await AssertSeenAsync(
        [
            $"ip netns add {_name}",
            $"ip -netns {_name} link add {_name} type bridge",
            $"ip -netns {_name} link set lo up",
            $"ip -netns {_name} route add unreachable 192.0.2.77",
        ],
        [
            $"ip netns delete {_name}",
            // iproute2 leaves its mount point behind; a test does not.
            "if [ -z \"$(ls /run/netns)\" ]; then umount /run/netns; rmdir /run/netns; fi",
        ],
        [
            $"+ netns {_name}",
            $"+ link {_name} in netns {_name} (bridge)",
            $"+ route unreachable 192.0.2.77 in netns {_name}",
        ]);

    [Fact]
    public async Task TakeAsync_NftTable_IsSeenComingAndGoing() => await AssertSeenAsync(
        [$"nft add table inet {_name}"],
        [$"nft delete table inet {_name}"],
        [$"+ nft table {{\"family\":\"inet\",\"name\":\"{_name}\"}}"]);

    [Fact]
    public async Task TakeAsync_MountLoopAndDirectory_AreSeenComingAndGoing()
    {
        string directory = $"/tmp/nd-{_name[2..]}";
        await AssertSeenAsync(
            [
                $"mkdir {directory} {directory}/m",
                $"mount -t tmpfs tmpfs {directory}/m",
                $"truncate -s 1M {directory}/disk",
                $"losetup --find {directory}/disk",
            ],
            [
                $"umount {directory}/m",
                $"losetup --detach $(losetup -nO name -j {directory}/disk)",
                $"rm -r {directory}",
            ],
            [$"+ mount {directory}/m (tmpfs)", $"+ directory {directory}"]);
    }

    [Fact]
    public async Task TakeAsync_Cgroup_IsSeenInItsHierarchy()
    {
        CgroupHierarchy hierarchy = CgroupHierarchy.ReadAll()[0];
        await AssertSeenAsync(
            [$"mkdir {hierarchy.MountPoint}/{_name}"],
            [$"rmdir {hierarchy.MountPoint}/{_name}"],
            [$"+ cgroup {hierarchy.Name}:/{_name}"]);
    }

    [Fact]
    public async Task TakeAsync_BpfMapPinned_IsSeenWithItsPin()
    {
        Requires.Program("bpftool");
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        MachineInventory before = await MachineInventory.TakeAsync(Token);

        string create = $"map create /sys/fs/bpf/m type array key 4 value 4 entries 1 name {_name}";
        (await sandbox.RunAsync("bpftool", create.Split(' '), Token)).OrThrow();

        string line = Assert.Single(WholeMachine.LeftBehind(before, await MachineInventory.TakeAsync(Token)));
        Assert.StartsWith($"+ bpf map {_name} array 1 (id ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakeAsync_ExceptBelowARoot_LeavesOutItsDirectory()
    {
        MachineInventory before = await MachineInventory.TakeAsync(Token);
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        MachineInventory all = await MachineInventory.TakeAsync(Token);
        MachineInventory except = await MachineInventory.TakeAsync(Token, sandbox.Root);

        Assert.Contains($"+ directory {sandbox.Root}", MachineInventory.Diff(before, all));
        Assert.DoesNotContain($"+ directory {sandbox.Root}", MachineInventory.Diff(before, except));
    }

    [Fact]
    public async Task Program_TakeThenDiff_ExitCodeTellsWhetherSomethingChanged()
    {
        string file = Path.Combine(AppContext.BaseDirectory, $"{_name}.json");
        string directory = AppContext.BaseDirectory
            .Replace("Noded.Testing.Tests", "Noded.Inventory", StringComparison.Ordinal);
        string tool = Path.Combine(directory, "Noded.Inventory.dll");

        try
        {
            (await ChildProcess.RunAsync("dotnet", [tool, "take", file], Token)).OrThrow();
            ProgramResult same = await ChildProcess.RunAsync("dotnet", [tool, "diff", file], Token);
            await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
            ProgramResult changed = await ChildProcess.RunAsync("dotnet", [tool, "diff", file], Token);

            Assert.Equal(same.Output.Length == 0 ? 0 : 1, same.ExitCode);
            Assert.DoesNotContain("directory /tmp/", same.Output, StringComparison.Ordinal);
            Assert.Equal(1, changed.ExitCode);
            Assert.Contains($"+ directory {sandbox.Root}\n", changed.Output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task AssertSeenAsync(string[] make, string[] unmake, string[] expected)
    {
        MachineInventory before = await MachineInventory.TakeAsync(Token);
        IReadOnlyList<string> seen;

        try
        {
            await ShellAsync(make);
            seen = MachineInventory.Diff(before, await MachineInventory.TakeAsync(Token));
        }
        finally
        {
            await ShellAsync(unmake);
        }

        Assert.All(expected, line => Assert.Contains(line, seen));
        Assert.Empty(WholeMachine.LeftBehind(before, await MachineInventory.TakeAsync(Token)));
    }

    private static async Task ShellAsync(string[] lines) =>
        (await ChildProcess.RunAsync("bash", ["-ec", string.Join('\n', lines)], Token)).OrThrow();
}
