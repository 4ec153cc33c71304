using System.Collections.Immutable;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;

namespace Noded.Kubelet.Resources;

/// <summary>Amounts of what a node has.</summary>
/// <param name="MilliCpu">Thousandths of processors.</param>
/// <param name="Memory">In bytes.</param>
/// <param name="EphemeralStorage">In bytes.</param>
/// <param name="Pids">Processes and threads.</param>
public sealed record NodeResources(long MilliCpu, long Memory, long EphemeralStorage, long Pids)
{
    /// <summary>The huge pages of each size, in bytes, by the resource's name.</summary>
    public ImmutableDictionary<string, long> HugePages { get; init; } = ImmutableDictionary<string, long>.Empty;
}

/// <summary>
/// What all pods of the node may have together. The kernel holds them to it, so that the machine keeps what its own
/// processes need, whatever pods do.
/// </summary>
public static class NodeAllocatable
{
    /// <summary>
    /// For the system, the daemon and the runtime when nobody says otherwise. Upstream reserves nothing, and a pod that
    /// eats all memory or forks without end then takes the machine with it.
    /// </summary>
    public static NodeResources DefaultReserved { get; } = new(100, 128L << 20, 1L << 30, 1024);

    /// <summary>
    /// What is left of a machine without what is reserved, nothing below zero. Huge pages are memory that nothing else
    /// can have.
    /// </summary>
    public static NodeResources Compute(NodeResources capacity, NodeResources reserved) => capacity with
    {
        MilliCpu = Math.Max(0, capacity.MilliCpu - reserved.MilliCpu),
        Memory = Math.Max(0, capacity.Memory - reserved.Memory - capacity.HugePages.Values.Sum()),
        EphemeralStorage = Math.Max(0, capacity.EphemeralStorage - reserved.EphemeralStorage),
        Pids = Math.Max(0, capacity.Pids - reserved.Pids),
    };

    /// <summary>The limits of the cgroup that holds all pods.</summary>
    internal static CgroupLimits Limits(NodeResources allocatable, bool isEnforced) => new()
    {
        CpuShares = ContainerResources.Shares(allocatable.MilliCpu),
        Memory = isEnforced ? allocatable.Memory : -1,
        Pids = isEnforced ? allocatable.Pids : -1,
    };
}
