using System.Collections.Immutable;

namespace Noded.Kubelet.Eviction;

/// <summary>What is watched so that the node does not run out of it; upstream's names.</summary>
internal static class EvictionSignals
{
    internal const string MemoryAvailable = "memory.available";
    internal const string AllocatableMemoryAvailable = "allocatableMemory.available";
    internal const string NodeFsAvailable = "nodefs.available";
    internal const string NodeFsInodesFree = "nodefs.inodesFree";
    internal const string ImageFsAvailable = "imagefs.available";
    internal const string ImageFsInodesFree = "imagefs.inodesFree";
    internal const string PidAvailable = "pid.available";

    /// <summary>Those that a configuration may name.</summary>
    internal static readonly ImmutableArray<string> Configurable =
    [
        MemoryAvailable, NodeFsAvailable, NodeFsInodesFree, ImageFsAvailable, ImageFsInodesFree, PidAvailable,
    ];

    /// <summary>The resource that a message names, and the condition of the node.</summary>
    internal static (string Resource, string Condition) Describe(string signal) => signal switch
    {
        MemoryAvailable or AllocatableMemoryAvailable => ("memory", "MemoryPressure"),
        NodeFsInodesFree or ImageFsInodesFree => ("inodes", "DiskPressure"),
        PidAvailable => ("pids", "PIDPressure"),
        _ => ("ephemeral-storage", "DiskPressure"),
    };
}

/// <summary>An amount, or a part of what there is.</summary>
/// <param name="Quantity">Bytes, inodes or processes; null for a part.</param>
/// <param name="Fraction">0 to 1; 0 beside a quantity.</param>
public sealed record EvictionAmount(long? Quantity, double Fraction)
{
    /// <summary>The amount of a capacity.</summary>
    internal long Of(long capacity) => Quantity ?? (long)(capacity * Fraction);
}

/// <summary>Below what the node frees a resource, at the cost of pods if need be.</summary>
/// <param name="GracePeriod">How long it may stay below; null for not at all: a hard threshold.</param>
/// <param name="MinimumReclaim">How much above the threshold to go before it counts as over.</param>
public sealed record EvictionThreshold(
    string Signal, EvictionAmount Value, TimeSpan? GracePeriod, EvictionAmount MinimumReclaim)
{
    internal static readonly EvictionAmount Nothing = new(0, 0);
}

/// <summary>When the node ends pods to save itself.</summary>
/// <param name="MaxPodGracePeriod">What pods get at most when a soft threshold ends them.</param>
/// <param name="PressureTransitionPeriod">How long a pressure lasts on after its cause.</param>
public sealed record EvictionOptions(
    ImmutableArray<EvictionThreshold> Thresholds, TimeSpan MaxPodGracePeriod, TimeSpan PressureTransitionPeriod)
{
    /// <summary>Upstream's.</summary>
    public static EvictionOptions Default { get; } = new(
        [
            Hard(EvictionSignals.MemoryAvailable, new(100 << 20, 0)),
            Hard(EvictionSignals.NodeFsAvailable, new(null, 0.1)),
            Hard(EvictionSignals.NodeFsInodesFree, new(null, 0.05)),
            Hard(EvictionSignals.ImageFsAvailable, new(null, 0.15)),
            Hard(EvictionSignals.ImageFsInodesFree, new(null, 0.05)),
        ],
        TimeSpan.Zero,
        TimeSpan.FromMinutes(5));

    private static EvictionThreshold Hard(string signal, EvictionAmount value) =>
        new(signal, value, null, EvictionThreshold.Nothing);
}
