namespace Noded.Linux.Tests.Mounts;

/// <summary>
/// Tests that take mounts off, with none beside them: a program that another test starts has, until its exec(2), all that
/// this process has open, and keeps a mount busy whose files are closed here already.
/// </summary>
[CollectionDefinition(nameof(Unmounting), DisableParallelization = true)]
public sealed class Unmounting;
