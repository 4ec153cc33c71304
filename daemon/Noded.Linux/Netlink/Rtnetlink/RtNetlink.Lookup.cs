using System.Net;
using System.Net.Sockets;

namespace Noded.Linux.Netlink.Rtnetlink;

public sealed partial class RtNetlink
{
    /// <summary>The link that packets to an address would leave by; null when no route leads there.</summary>
    public Link? FindLinkTo(IPAddress destination)
    {
        bool isV6 = destination.AddressFamily == AddressFamily.InterNetworkV6;
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetRoute, NetlinkFlags.None)
            .Header(new RouteHeader
            {
                Family = isV6 ? FamilyV6 : FamilyV4,
                DestinationLength = (byte)(8 * destination.GetAddressBytes().Length),
            });
        message.Attributes<RouteAttribute>().Put(RouteAttribute.Destination, destination);

        try
        {
            return _socket.Get(message, ParseRoute, $"get the route to {destination}") is { LinkIndex: not 0 } route
                ? FindLink(route.LinkIndex)
                : null;
        }
        catch (LinuxException e) when (e.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH)
        {
            return null;
        }
    }
}
