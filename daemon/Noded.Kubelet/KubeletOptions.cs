using System.Collections.Immutable;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Primitives;

namespace Noded.Kubelet;

/// <summary>What the kubelet of one node needs to know before it starts.</summary>
/// <param name="HostIp">The address that pods in the host's network report.</param>
public sealed record KubeletOptions(NodePaths Paths, string NodeName, string HostIp)
{
    /// <summary>Between two looks at the manifest directory that no event asked for; upstream's <c>fileCheckFrequency</c>.</summary>
    public TimeSpan FileCheckFrequency { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Addresses of the cluster's DNS servers; empty while it has none.</summary>
    public ImmutableArray<string> ClusterDns { get; init; } = [];

    /// <summary>The last part of the cluster's names.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    public LogRotationOptions LogRotation { get; init; } = LogRotationOptions.Default;

    public CgroupOptions Cgroups { get; init; } = CgroupOptions.Default;

    /// <summary>What pods cannot have of what the node has.</summary>
    public NodeResources Reserved { get; init; } = NodeAllocatable.DefaultReserved;

    public CrashLoopOptions CrashLoop { get; init; } = CrashLoopOptions.Default;
}
