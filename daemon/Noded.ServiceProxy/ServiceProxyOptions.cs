using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy;

/// <summary>Where the proxy works.</summary>
/// <param name="Cgroup">The cgroup2 directory whose sockets are translated: the node's own subtree.</param>
/// <param name="Pins">A directory of this node below a bpf file system; maps and attachments outlive the daemon there.</param>
public sealed record ServiceProxyOptions(string Cgroup, string Pins, NodeTopology Node)
{
    public DatapathOptions Datapath { get; init; } = new();
}
