using System.Net;
using System.Runtime.InteropServices;
using Noded.Primitives;

namespace Noded.Linux.Netlink.Rtnetlink;

public sealed partial class RtNetlink
{
    // RTPROT_STATIC: made by an administrator, or by whom he runs; RTNH_F_ONLINK.
    private const byte StaticProtocol = 4;
    private const uint OnLink = 4;

    // RTA_TABLE says which, as the header has a byte for it alone.
    private const byte TableUnspecified = 0;
    private const uint HighestTableOfAByte = 255;

    /// <exception cref="LinuxException">EEXIST: there is one to that destination with that metric.</exception>
    public void AddRoute(Route route) =>
        _socket.Execute(
            Route(RouteMessageType.NewRoute, CreateExclusive, route), $"add route to {route.Destination}");

    /// <summary>Takes the place of a route with the same destination, table and metric.</summary>
    public void ReplaceRoute(Route route) =>
        _socket.Execute(
            Route(RouteMessageType.NewRoute, NetlinkFlags.Create | NetlinkFlags.Replace, route),
            $"replace route to {route.Destination}");

    /// <summary>
    /// Deletes the route of that destination, type, table and, where they are given, metric, gateway and link. False
    /// when there is none.
    /// </summary>
    public bool DeleteRoute(Route route) =>
        ExecuteRemoval(
            // What is not asked for is not compared.
            Route(
                RouteMessageType.DeleteRoute,
                NetlinkFlags.None,
                route with { Scope = RouteScope.Nowhere, Mtu = null, AdvertisedMss = null }),
            $"delete route to {route.Destination}",
            Errno.ESRCH,
            Errno.ENODEV);

    /// <summary>All routes of both families but multicast ones, of all tables.</summary>
    public IReadOnlyList<Route> GetRoutes() => [.. GetRoutes(FamilyV4), .. GetRoutes(FamilyV6)];

    private List<Route> GetRoutes(byte family)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetRoute, NetlinkFlags.Dump)
            .Header(new RouteHeader { Family = family });
        return _socket.Dump(message, ParseRoute, "list routes");
    }

    private static NetlinkMessageBuilder Route(ushort type, NetlinkFlags flags, Route route)
    {
        RouteHeader header = new()
        {
            Family = FamilyOf(route.Destination),
            DestinationLength = (byte)route.Destination.Length,
            Table = route.Table <= HighestTableOfAByte ? (byte)route.Table : TableUnspecified,
            // Deletion compares what is given; who made a route does not matter to it.
            Protocol = type == RouteMessageType.NewRoute ? StaticProtocol : (byte)0,
            Scope = (byte)route.Scope,
            Type = (byte)route.Type,
            Flags = route.IsOnLink ? OnLink : 0,
        };
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(type, flags).Header(header);
        AttributeWriter<RouteAttribute> attributes = message.Attributes<RouteAttribute>();

        if (route.Destination.Length > 0)
        {
            attributes.Put(RouteAttribute.Destination, route.Destination.Network.Address);
        }

        if (route.LinkIndex != 0)
        {
            attributes.Put(RouteAttribute.OutputLink, route.LinkIndex);
        }

        if (route.Gateway is IPAddress gateway)
        {
            attributes.Put(RouteAttribute.Gateway, gateway);
        }

        if (route.PreferredSource is IPAddress source)
        {
            attributes.Put(RouteAttribute.PreferredSource, source);
        }

        if (route.Priority != 0)
        {
            attributes.Put(RouteAttribute.Priority, route.Priority);
        }

        if (route.Table > HighestTableOfAByte)
        {
            attributes.Put(RouteAttribute.Table, route.Table);
        }

        PutMetrics(attributes, route);
        return message;
    }

    private static void PutMetrics(AttributeWriter<RouteAttribute> attributes, Route route)
    {
        if (route is { Mtu: null, AdvertisedMss: null })
        {
            return;
        }

        using AttributeWriter<RouteMetricAttribute> metrics =
            attributes.Nest<RouteMetricAttribute>(RouteAttribute.Metrics);

        if (route.Mtu is uint mtu)
        {
            metrics.Put(RouteMetricAttribute.Mtu, mtu);
        }

        if (route.AdvertisedMss is uint mss)
        {
            metrics.Put(RouteMetricAttribute.AdvertisedMss, mss);
        }
    }

    private static Route? ParseRoute(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RouteMessageType.NewRoute
            || !MemoryMarshal.TryRead(payload, out RouteHeader header)
            || header.Family is not (FamilyV4 or FamilyV6))
        {
            return null;
        }

        IPAddress any = header.Family == FamilyV6 ? IPAddress.IPv6Any : IPAddress.Any;
        Route route = new(new IPPrefix(any, header.DestinationLength))
        {
            Type = (RouteType)header.Type,
            Scope = (RouteScope)header.Scope,
            Table = header.Table,
            IsOnLink = (header.Flags & OnLink) != 0,
        };
        AttributeReader<RouteAttribute> attributes = new(payload[Marshal.SizeOf<RouteHeader>()..]);

        while (attributes.Read())
        {
            route = attributes.Type switch
            {
                RouteAttribute.Destination => route with
                {
                    Destination = new IPPrefix(new IPAddress(attributes.Value), header.DestinationLength),
                },
                RouteAttribute.OutputLink => route with { LinkIndex = attributes.Int32 },
                RouteAttribute.Gateway => route with { Gateway = new IPAddress(attributes.Value) },
                RouteAttribute.PreferredSource => route with { PreferredSource = new IPAddress(attributes.Value) },
                RouteAttribute.Priority => route with { Priority = attributes.UInt32 },
                RouteAttribute.Table => route with { Table = attributes.UInt32 },
                RouteAttribute.Metrics => WithMetrics(route, attributes.Nested<RouteMetricAttribute>()),
                _ => route,
            };
        }

        return route;
    }

    private static Route WithMetrics(Route route, AttributeReader<RouteMetricAttribute> metrics)
    {
        while (metrics.Read())
        {
            route = metrics.Type switch
            {
                RouteMetricAttribute.Mtu => route with { Mtu = metrics.UInt32 },
                RouteMetricAttribute.AdvertisedMss => route with { AdvertisedMss = metrics.UInt32 },
                _ => route,
            };
        }

        return route;
    }
}
