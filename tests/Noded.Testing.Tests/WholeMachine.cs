namespace Noded.Testing.Tests;

/// <summary>
/// Tests that compare the machine before and after: one at a time, or each would see the others' doings.
/// </summary>
[CollectionDefinition(nameof(WholeMachine), DisableParallelization = true)]
public sealed class WholeMachine
{
    /// <summary>What a sandbox left behind.</summary>
    /// <remarks>
    /// Other suites may run daemons on this machine meanwhile, so processes do not count here. One that outlived its
    /// sandbox is found all the same: it holds the sandbox's namespaces.
    /// </remarks>
    public static IEnumerable<string> LeftBehind(MachineInventory before, MachineInventory after) =>
        MachineInventory.Diff(before, after).Where(line => !line[2..].StartsWith("process ", StringComparison.Ordinal));
}
