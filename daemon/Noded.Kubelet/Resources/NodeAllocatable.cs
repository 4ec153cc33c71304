using Noded.Linux.Cgroups;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Resources;

/// <summary>Amounts of what a node has.</summary>
/// <param name="MilliCpu">Thousandths of processors.</param>
/// <param name="Memory">In bytes.</param>
/// <param name="EphemeralStorage">In bytes.</param>
/// <param name="Pids">Processes and threads.</param>
public sealed record NodeResources(long MilliCpu, long Memory, long EphemeralStorage, long Pids)
{
    /// <summary>What is left without another amount, nothing below zero.</summary>
    public NodeResources Without(NodeResources other) => new(
        Math.Max(0, MilliCpu - other.MilliCpu),
        Math.Max(0, Memory - other.Memory),
        Math.Max(0, EphemeralStorage - other.EphemeralStorage),
        Math.Max(0, Pids - other.Pids));
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

    /// <summary>The limits of the cgroup that holds all pods.</summary>
    internal static CgroupLimits Limits(NodeResources allocatable, bool isEnforced) => new()
    {
        CpuShares = ContainerResources.Shares(allocatable.MilliCpu),
        Memory = isEnforced ? allocatable.Memory : -1,
        Pids = isEnforced ? allocatable.Pids : -1,
    };
}
