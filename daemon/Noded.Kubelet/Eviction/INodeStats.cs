using System.Collections.Immutable;
using Noded.Kubelet.Status;

namespace Noded.Kubelet.Eviction;

/// <summary>What the node and its pods use.</summary>
internal interface INodeStats
{
    /// <summary>By signal; one that cannot be read is left out.</summary>
    ImmutableDictionary<string, SignalObservation> Observe();

    /// <param name="report">The pod with its containers.</param>
    /// <param name="withDisk">Measure the disk as well, which takes a walk over the pod's files.</param>
    /// <exception cref="IOException">The runtime does not tell.</exception>
    Task<PodUsage> MeasureAsync(PodReport report, bool withDisk, CancellationToken cancellationToken);
}
