using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>A network device as RTM_GETLINK describes it.</summary>
/// <param name="Index">Unique in its network namespace, at least 1.</param>
/// <param name="Kind">What made it: <c>veth</c>, <c>bridge</c>; empty for hardware and loopback.</param>
/// <param name="Address">Null when its link layer has no addresses of six bytes.</param>
/// <param name="PeerIndex">The peer's or parent's index, in the namespace that <paramref name="PeerNamespaceId"/> names.</param>
/// <param name="PeerNamespaceId">Null when the peer is in the same namespace or there is none.</param>
/// <param name="MasterIndex">The bridge that it is a port of, or 0.</param>
public sealed record Link(
    int Index,
    string Name,
    string Kind,
    LinkFlags Flags,
    uint Mtu,
    uint TxQueueLength,
    MacAddress? Address,
    int PeerIndex,
    int? PeerNamespaceId,
    int MasterIndex,
    uint Promiscuity)
{
    public bool IsUp => Flags.HasFlag(LinkFlags.Up);

    public bool IsLoopback => Flags.HasFlag(LinkFlags.Loopback);

    /// <summary>The macvlan's mode, or null for other kinds.</summary>
    public MacvlanMode? MacvlanMode { get; init; }

    /// <summary>Whether its bridge sends frames back through it; null when it is no port of a bridge.</summary>
    public bool? IsHairpin { get; init; }
}
