using System.Net;
using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>A route, to be made or as found.</summary>
/// <param name="Destination">0.0.0.0/0 or ::/0 for the default route.</param>
public sealed record Route(IPPrefix Destination)
{
    /// <summary>RT_TABLE_MAIN.</summary>
    public const uint MainTable = 254;

    public RouteType Type { get; init; } = RouteType.Unicast;

    public RouteScope Scope { get; init; }

    /// <summary>0 for routes that lead through no link, such as unreachable ones.</summary>
    public int LinkIndex { get; init; }

    public IPAddress? Gateway { get; init; }

    /// <summary>The source address of what the machine itself sends this way.</summary>
    public IPAddress? PreferredSource { get; init; }

    public uint Table { get; init; } = MainTable;

    /// <summary>The metric; the lowest of equal destinations wins. 0 means 1024 for IPv6.</summary>
    public uint Priority { get; init; }

    public uint? Mtu { get; init; }

    public uint? AdvertisedMss { get; init; }

    /// <summary>The gateway counts as reachable through the link whatever its address (RTNH_F_ONLINK).</summary>
    public bool IsOnLink { get; init; }
}
