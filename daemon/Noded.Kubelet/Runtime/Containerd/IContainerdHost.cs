using System.Collections.Immutable;
using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>How a containerd of ours is started.</summary>
/// <param name="Binary">Its path.</param>
/// <param name="Path">What its PATH is to be.</param>
public sealed record ContainerdCommand(string Binary, ImmutableArray<string> Arguments, string Path)
{
    internal static ImmutableArray<string> ArgumentsOf(NodePaths paths) => ["--config", paths.ContainerdConfig];
}

/// <summary>Who runs containerd so that it outlives us: systemd, or else ourselves.</summary>
public interface IContainerdHost
{
    /// <summary>Where it says what it did, for messages.</summary>
    string Log { get; }

    /// <returns>The process's id.</returns>
    /// <exception cref="IOException">It cannot be started.</exception>
    Task<int> StartAsync(ContainerdCommand command, CancellationToken cancellationToken);

    /// <summary>Gives a containerd that runs what it lacks, such as its cgroup.</summary>
    void TakeIn(ProcessIdentity process);
}
