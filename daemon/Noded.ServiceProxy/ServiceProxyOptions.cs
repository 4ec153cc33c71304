using System.Collections.Immutable;
using Noded.Bpf;
using Noded.Primitives;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy;

/// <summary>Where the proxy works.</summary>
/// <param name="Cgroup">The cgroup2 directory whose sockets are translated: the node's own subtree.</param>
/// <param name="Pins">A directory of this node below a bpf file system; maps and attachments outlive the daemon there.</param>
public sealed record ServiceProxyOptions(string Cgroup, string Pins, NodeTopology Node)
{
    public DatapathOptions Datapath { get; init; } = new();

    /// <summary>How programs are attached to links; null when Services are to be translated at sockets only.</summary>
    public LinkHook? Hook { get; init; } = FeatureProbe.BestLinkHook();

    /// <summary>Links with addresses in here lead to pods; all others with addresses lead outside.</summary>
    public ImmutableArray<IPPrefix> PodCidrs { get; init; } = [];
}
