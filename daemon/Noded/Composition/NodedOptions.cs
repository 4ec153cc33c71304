using System.Collections.Immutable;
using Noded.Kubelet.Configuration;
using Noded.Network;
using Noded.Primitives;

namespace Noded.Composition;

/// <summary>What the daemon is told on its command line.</summary>
internal sealed record NodedOptions(NodePaths Paths)
{
    internal const int DefaultHealthzPort = 10248;

    /// <summary>Lower case, as the API server requires of node names.</summary>
    internal string NodeName { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>On the loopback address; 0 for none.</summary>
    internal int HealthzPort { get; init; } = DefaultHealthzPort;

    internal KubeletSettings Settings { get; init; } = new();

    internal string NodeIp { get; init; } = "127.0.0.1";

    internal NodeNetworkOptions Network { get; init; } = NodeNetworkOptions.Default;

    /// <summary>
    /// Addresses of the cluster's DNS servers, for pods; empty when it has none. On those within the Services' range
    /// this node answers itself.
    /// </summary>
    internal ImmutableArray<string> ClusterDns { get; init; } = [];

    internal string ClusterDomain { get; init; } = "cluster.local";

    internal string Containerd { get; init; } = "/usr/bin/containerd";

    internal string Runc { get; init; } = "/usr/sbin/runc";
}
