namespace Noded.Testing.Tests;

/// <summary>Tests that compare the machine before and after: one at a time, or each would see the others' doings.</summary>
[CollectionDefinition(nameof(WholeMachine), DisableParallelization = true)]
public sealed class WholeMachine;
