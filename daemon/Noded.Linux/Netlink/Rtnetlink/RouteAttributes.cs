using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>struct rtmsg: the fixed part of route messages (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteHeader
{
    internal byte Family;
    internal byte DestinationLength;
    internal byte SourceLength;
    internal byte TypeOfService;
    internal byte Table;
    internal byte Protocol;
    internal byte Scope;
    internal byte Type;
    internal uint Flags;
}

/// <summary>RTN_*: what becomes of packets that a route fits.</summary>
public enum RouteType : byte
{
    Unicast = 1,
    Local = 2,
    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,
    Blackhole = 6,
    Unreachable = 7,
}

/// <summary>RT_SCOPE_*: how far away the destination is.</summary>
public enum RouteScope : byte
{
    Universe = 0,
    Site = 200,
    Link = 253,
    Host = 254,
    Nowhere = 255,
}

/// <summary>RTA_*.</summary>
internal enum RouteAttribute : ushort
{
    Destination = 1,
    OutputLink = 4,
    Gateway = 5,
    Priority = 6,
    PreferredSource = 7,
    Metrics = 8,
    Table = 15,
}

/// <summary>RTAX_*.</summary>
internal enum RouteMetricAttribute : ushort
{
    Mtu = 2,
    AdvertisedMss = 8,
}
