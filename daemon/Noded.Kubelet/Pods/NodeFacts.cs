using System.Collections.Immutable;

namespace Noded.Kubelet.Pods;

/// <summary>What pods may learn of the node they are on.</summary>
/// <param name="HostIps">The node's addresses, the one of its first family first.</param>
/// <param name="MilliCpu">What pods can have of the processors, in thousandths.</param>
/// <param name="Memory">What pods can have of the memory, in bytes.</param>
/// <param name="EphemeralStorage">What pods can have of the disk, in bytes.</param>
internal sealed record NodeFacts(
    string Name, ImmutableArray<string> HostIps, long MilliCpu, long Memory, long EphemeralStorage)
{
    /// <summary>Addresses of the cluster's DNS servers; empty while it has none.</summary>
    public ImmutableArray<string> ClusterDns { get; init; } = [];

    /// <summary>The last part of the cluster's names; empty for none.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";
}
