namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>nlmsg_type of rtnetlink requests (linux/rtnetlink.h, RTM_*).</summary>
internal static class RouteMessageType
{
    internal const ushort NewLink = 16;
    internal const ushort DeleteLink = 17;
    internal const ushort GetLink = 18;
    internal const ushort NewAddress = 20;
    internal const ushort DeleteAddress = 21;
    internal const ushort GetAddress = 22;
    internal const ushort NewRoute = 24;
    internal const ushort DeleteRoute = 25;
    internal const ushort GetRoute = 26;
    internal const ushort NewNeighbor = 28;
    internal const ushort DeleteNeighbor = 29;
    internal const ushort NewQdisc = 36;
    internal const ushort DeleteQdisc = 37;
    internal const ushort GetQdisc = 38;
    internal const ushort NewFilter = 44;
    internal const ushort DeleteFilter = 45;
    internal const ushort GetFilter = 46;
}
