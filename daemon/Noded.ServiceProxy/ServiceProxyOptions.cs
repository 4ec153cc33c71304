using System.Collections.Immutable;
using Noded.Linux.Namespaces;
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

    /// <summary>Whether packets are translated at links, too; without, Services are translated at sockets only.</summary>
    public bool AttachesToLinks { get; init; } = true;

    /// <summary>Whose connected UDP sockets end with their backends: the node's own.</summary>
    public NetworkNamespace SocketNamespace { get; init; } = NetworkNamespace.Own;

    /// <summary>Links with addresses in here lead to pods; all others with addresses lead outside.</summary>
    public ImmutableArray<IPPrefix> PodCidrs { get; init; } = [];
}
