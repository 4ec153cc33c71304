using System.Collections.Immutable;
using Noded.Kubelet.Configuration;
using Noded.Primitives;

namespace Noded.Kubelet;

/// <summary>What the kubelet of one node needs to know before it starts.</summary>
/// <param name="HostIp">The address that pods in the host's network report.</param>
public sealed record KubeletOptions(NodePaths Paths, string NodeName, string HostIp)
{
    /// <summary>Addresses of the cluster's DNS servers; empty while it has none.</summary>
    public ImmutableArray<string> ClusterDns { get; init; } = [];

    /// <summary>The last part of the cluster's names.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>What the configuration says.</summary>
    public KubeletSettings Settings { get; init; } = new();
}
