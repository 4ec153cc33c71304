using System.Net;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>The container's end of an attachment: what its result says becomes so, and is compared with what is.</summary>
internal static class ContainerInterface
{
    /// <summary>Tells neighbours of the address and brings the link up with it.</summary>
    /// <param name="detectDuplicates">IPv6: whether to wait for duplicate address detection.</param>
    /// <param name="flags">For every address.</param>
    internal static void Configure(
        NetworkNamespace networkNamespace,
        RtNetlink netlink,
        Link link,
        CniResult result,
        bool detectDuplicates = false,
        AddressFlags flags = AddressFlags.None)
    {
        IReadOnlyList<CniAddress> addresses = result.Ips ?? [];

        // Who still knows the address with the MAC address of a container that is gone must learn the new one.
        networkNamespace.WriteSysctl($"net/ipv4/conf/{link.Name}/arp_notify", "1");

        if (addresses.Any(address => address.Address.IsV6))
        {
            networkNamespace.WriteSysctl($"net/ipv6/conf/{link.Name}/disable_ipv6", "0");
            networkNamespace.WriteSysctl($"net/ipv6/conf/{link.Name}/ndisc_notify", "1");
        }

        netlink.ChangeLink(link.Index, new LinkChange { Up = true });

        foreach (CniAddress address in addresses)
        {
            netlink.AddAddress(
                link.Index,
                address.Address,
                address.Address.IsV6 && !detectDuplicates ? flags | AddressFlags.NoDuplicateDetection : flags);
        }

        if (detectDuplicates)
        {
            netlink.WaitForAddresses(link.Index, TimeProvider.System);
        }

        AddRoutes(netlink, link, result);
    }

    /// <summary>The result's routes, through the gateways of its addresses.</summary>
    internal static void AddRoutes(RtNetlink netlink, Link link, CniResult result)
    {
        foreach (CniRoute route in result.Routes ?? [])
        {
            AddRoute(netlink, link, route, result.Ips ?? []);
        }
    }

    /// <summary>Compares the container's link, addresses and routes with what ADD said.</summary>
    /// <exception cref="CniException">Something is missing; the message names it.</exception>
    internal static void Check(RtNetlink netlink, string name, CniResult previous)
    {
        Link link = netlink.FindLink(name)
            ?? throw CheckFailed($"container interface {name} is missing");

        if (!link.IsUp)
        {
            throw CheckFailed($"container interface {name} is down");
        }

        CniInterface? expected = previous.Interfaces?.FirstOrDefault(
            candidate => candidate.Name == name && !string.IsNullOrEmpty(candidate.Sandbox));

        if (expected?.Mac is string mac && MacAddress.TryParse(mac, out MacAddress wanted) && link.Address != wanted)
        {
            throw CheckFailed($"container interface {name} has MAC {link.Address}, not {mac}");
        }

        CheckAddresses(netlink, link, previous);
        CheckRoutes(netlink, link, previous);
    }

    /// <summary>The route's own gateway, or that of an address of its family; null when there is none.</summary>
    internal static IPAddress? GatewayOf(CniRoute route, IEnumerable<CniAddress> addresses) =>
        route.Gw ?? addresses.FirstOrDefault(address => address.Address.IsV6 == route.Dst.IsV6 && address.Gateway is not null)?.Gateway;

    private static void AddRoute(RtNetlink netlink, Link link, CniRoute route, IReadOnlyList<CniAddress> addresses)
    {
        IPAddress? gateway = route.Scope is null or (byte)RouteScope.Universe ? GatewayOf(route, addresses) : route.Gw;

        try
        {
            netlink.AddRoute(new Route(route.Dst.Network)
            {
                LinkIndex = link.Index,
                Gateway = gateway,
                Scope = (RouteScope?)route.Scope ?? (gateway is null ? RouteScope.Link : RouteScope.Universe),
                Mtu = route.Mtu,
                AdvertisedMss = route.Advmss,
                Priority = route.Priority ?? 0,
                Table = route.Table ?? Route.MainTable,
            });
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            // Two addresses may bring the same route; the kernel's own for the subnet may be asked for as well.
        }
    }

    private static void CheckAddresses(RtNetlink netlink, Link link, CniResult previous)
    {
        HashSet<IPPrefix> present = [.. netlink.GetAddresses(link.Index).Select(address => address.Prefix)];

        for (int i = 0; i < (previous.Ips?.Count ?? 0); i++)
        {
            CniAddress address = previous.Ips![i];

            if (IsFor(address, link.Name, previous) && !present.Contains(address.Address))
            {
                throw CheckFailed($"failed to match addr {address.Address} on interface {link.Name}");
            }
        }
    }

    private static void CheckRoutes(RtNetlink netlink, Link link, CniResult previous)
    {
        if (previous.Routes is not { Count: > 0 } routes)
        {
            return;
        }

        IReadOnlyList<Route> present = netlink.GetRoutes();

        foreach (CniRoute route in routes)
        {
            IPAddress? gateway = GatewayOf(route, previous.Ips ?? []);

            if (!present.Any(candidate => candidate.Destination == route.Dst.Network
                && candidate.LinkIndex == link.Index
                && (gateway is null || gateway.Equals(candidate.Gateway))))
            {
                throw CheckFailed($"expected route {route.Dst} via {gateway} not found on interface {link.Name}");
            }
        }
    }

    private static bool IsFor(CniAddress address, string name, CniResult previous) =>
        address.Interface is not int index
        || (index >= 0 && index < (previous.Interfaces?.Count ?? 0) && previous.Interfaces![index].Name == name);

    private static CniException CheckFailed(string message) => new(CniErrorCode.CheckFailed, message);
}
