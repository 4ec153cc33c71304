using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Tests that take stock of the whole machine and so must be alone on it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneOnTheMachine
{
    public const string Name = "alone on the machine";
}

/// <summary>The two commands of the README's first screen.</summary>
[Trait("Category", "E2E")]
[Collection(AloneOnTheMachine.Name)]
public sealed class MakeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAndStop_LeaveTheMachineAsItWas()
    {
        Requires.Root();
        Requires.Program("make", "containerd", "runc", "curl");
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        string root = sandbox.Root + "/n";
        MachineInventory outside = await MachineInventory.TakeAsync(Token, sandbox.Root);
        string before = Path.Combine(sandbox.Root, "before.json");
        (await sandbox.RunAsync(InventoryProgram, ["take", before], Token)).OrThrow();

        string first = (await MakeAsync(sandbox, "run", root)).OrThrow().Output;
        string second = (await MakeAsync(sandbox, "run", root)).OrThrow().Output;
        (await MakeAsync(sandbox, "stop", root)).OrThrow();

        Assert.Contains("path /", first, StringComparison.Ordinal);
        Assert.Contains("http://web.default.svc.cluster.local/", first, StringComparison.Ordinal);
        Assert.Contains("1/1 running", second, StringComparison.Ordinal);
        ProgramResult left = await sandbox.RunAsync(InventoryProgram, ["diff", before], Token);
        Assert.Equal((0, string.Empty), (left.ExitCode, left.Output));
        Assert.Empty(MachineInventory.Diff(outside, await MachineInventory.TakeAsync(Token, sandbox.Root)));
        Assert.False(Directory.Exists(root), $"{root} is left");
    }

    private static string InventoryProgram =>
        Path.Combine(RepositoryRoot.Find(), "artifacts/bin/Noded.Inventory/debug/Noded.Inventory");

    private static Task<ProgramResult> MakeAsync(NodeSandbox sandbox, string target, string root) => sandbox.RunAsync(
        "make", ["--no-print-directory", "-C", RepositoryRoot.Find(), target, $"ROOT={root}"], Token);
}
