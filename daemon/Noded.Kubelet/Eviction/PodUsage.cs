using System.Collections.Immutable;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Eviction;

/// <summary>What a pod uses of the node.</summary>
/// <param name="Memory">Its working set in bytes.</param>
/// <param name="Disk">Writable layers, logs and volumes on the node's disk, in bytes.</param>
/// <param name="Inodes">Of the same.</param>
/// <param name="Pids">Processes and threads.</param>
internal sealed record PodUsage(long Memory, long Disk, long Inodes, long Pids)
{
    /// <summary>The part of <see cref="Disk"/> of each volume that has a limit.</summary>
    public ImmutableDictionary<string, long> Volumes { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>What each container uses of its own: memory, and layer and logs on the disk.</summary>
    public ImmutableDictionary<string, (long Memory, long Disk)> Containers { get; init; } =
        ImmutableDictionary<string, (long Memory, long Disk)>.Empty;
}

/// <summary>In which order pods go; upstream's.</summary>
internal static class EvictionRanking
{
    /// <summary>Those that use more than they asked for go first, then those of low priority, then those far above.</summary>
    internal static IEnumerable<Pod> Rank(string signal, IReadOnlyDictionary<Pod, PodUsage> usages)
    {
        string resource = EvictionSignals.Describe(signal).Resource;
        return resource == "pids"
            ? usages.OrderBy(pair => Priority(pair.Key)).ThenByDescending(pair => pair.Value.Pids).Select(pair => pair.Key)
            : usages.OrderByDescending(pair => Excess(resource, pair) > 0)
                .ThenBy(pair => Priority(pair.Key))
                .ThenByDescending(pair => Excess(resource, pair))
                .Select(pair => pair.Key);
    }

    private static int Priority(Pod pod) => pod.Spec.Priority ?? 0;

    private static long Excess(string resource, KeyValuePair<Pod, PodUsage> pair) => resource switch
    {
        "memory" => pair.Value.Memory - PodRequests.OfPod(pair.Key.Spec, "memory").Value,
        "inodes" => pair.Value.Inodes,
        _ => pair.Value.Disk - PodRequests.OfPod(pair.Key.Spec, "ephemeral-storage").Value,
    };
}
