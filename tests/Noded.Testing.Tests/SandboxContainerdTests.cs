namespace Noded.Testing.Tests;

[Trait("Category", "Integration")]
[Collection(nameof(WholeMachine))]
public sealed class SandboxContainerdTests
{
    public SandboxContainerdTests()
    {
        Requires.Root();
        Requires.Program("unshare", "nsenter", "containerd", "ctr", "runc");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Containerd_InASandboxThatIsDisposed_LeavesTheMachineAsItWas()
    {
        MachineInventory before = await MachineInventory.TakeAsync(Token);
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        ProgramResult version;

        await using (sandbox)
        {
            SandboxContainerd containerd = await SandboxContainerd.StartAsync(sandbox, Token);
            version = await sandbox.RunAsync("ctr", ["--address", containerd.Socket, "version"], Token);
        }

        Assert.Contains("Server:", version.OrThrow().Output, StringComparison.Ordinal);
        Assert.Empty(WholeMachine.LeftBehind(before, await MachineInventory.TakeAsync(Token)));
    }

    [Fact]
    public async Task Containerd_RunningAContainerWhenDisposed_LeavesTheMachineAsItWas()
    {
        MachineInventory before = await MachineInventory.TakeAsync(Token);
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        string shim;
        string cgroups;

        await using (sandbox)
        {
            SandboxContainerd containerd = await SandboxContainerd.StartAsync(sandbox, Token);
            string rootfs = await BuildRootFilesAsync(sandbox);
            string[] run =
            [
                "--address", containerd.Socket, "run", "--detach", "--rootfs",
                "--cgroup", $"/{sandbox.CgroupPrefix}/kubepods/c1", rootfs, "c1", "/bin/sleep", "infinity",
            ];
            (await sandbox.RunAsync("ctr", run, Token)).OrThrow();
            shim = (await sandbox.RunAsync("pgrep", ["containerd-shim"], Token)).OrThrow().Output;
            cgroups = string.Join('\n', MachineInventory.Diff(before, await MachineInventory.TakeAsync(Token)));
        }

        Assert.NotEmpty(shim);
        Assert.Contains($":/{sandbox.CgroupPrefix}/kubepods/c1", cgroups, StringComparison.Ordinal);
        Assert.Empty(WholeMachine.LeftBehind(before, await MachineInventory.TakeAsync(Token)));
    }

    /// <summary>A root file system with one program and the libraries it names.</summary>
    private static async Task<string> BuildRootFilesAsync(NodeSandbox sandbox)
    {
        string rootfs = sandbox.Paths.Under("rootfs");
        string copy = $$"""
            set -e
            mkdir -p {{rootfs}}/bin {{rootfs}}/proc {{rootfs}}/dev {{rootfs}}/sys
            cp /bin/sleep {{rootfs}}/bin/
            ldd /bin/sleep | grep -o '/[^ ]*' | while read -r file; do
              mkdir -p "{{rootfs}}$(dirname "$file")"
              cp "$file" "{{rootfs}}$file"
            done
            """;
        (await sandbox.RunAsync("bash", ["-c", copy], Token)).OrThrow();
        return rootfs;
    }
}
