using System.Collections.Immutable;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy;

/// <summary>Where the proxy works.</summary>
/// <param name="Cgroup">The cgroup2 directory whose sockets are translated: the node's own subtree.</param>
/// <param name="Pins">A directory of this node below a bpf file system; maps and attachments outlive the daemon there.</param>
public sealed record ServiceProxyOptions(string Cgroup, string Pins, NodeTopology Node)
{
    public DatapathOptions Datapath { get; init; } = new();

    /// <summary>Links by which packets for node ports and outer addresses come from outside.</summary>
    public ImmutableArray<string> Uplinks { get; init; } = [];
}
