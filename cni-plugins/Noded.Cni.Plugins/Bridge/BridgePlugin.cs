using System.Net;
using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Plugins.Masquerade;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Bridge;

/// <summary>Joins the container to a bridge of the machine by a veth pair.</summary>
internal sealed class BridgePlugin(PluginInvoker invoker) : ICniPlugin
{
    private readonly NetworkNamespace _host = new("/proc/self/ns/net");

    public CniResult Add(CniRequest request)
    {
        BridgeRequest wish = BridgeRequest.Create(request);
        using RtNetlink host = RtNetlink.Open();
        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        return Undo.Run(undo => Add(request, wish, host, inside, undo));
    }

    public void Del(CniRequest request)
    {
        BridgeRequest wish = BridgeRequest.Create(request);
        LinkRemoval.Remove(request, wish.Config.IpMasq);

        // Last: an address is free again when nobody answers to it any more.
        FindIpam(request, wish)?.Del(request);
    }

    public void Check(CniRequest request)
    {
        BridgeRequest wish = BridgeRequest.Create(request);
        FindIpam(request, wish)?.Check(request);
        CniResult previous = request.RequirePreviousResult();

        using RtNetlink host = RtNetlink.Open();
        Link bridge = host.FindLink(wish.BridgeName) is { Kind: "bridge" } found
            ? found
            : throw CheckFailed($"bridge {wish.BridgeName} is missing");
        CniInterface? veth = previous.Interfaces?.FirstOrDefault(
            link => string.IsNullOrEmpty(link.Sandbox) && link.Name != wish.BridgeName);

        if (veth is null || host.FindLink(veth.Name) is not Link port || port.MasterIndex != bridge.Index)
        {
            throw CheckFailed($"host interface {veth?.Name} is missing or no port of {wish.BridgeName}");
        }

        if (wish.Config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Check(request.Config.Name!, request.Attachment, PrefixesOf(previous));
        }

        if (!wish.Config.DisableContainerInterface)
        {
            using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
            ContainerInterface.Check(inside, request.Attachment.InterfaceName, previous);
        }
    }

    public void Gc(CniRequest request)
    {
        BridgeRequest wish = BridgeRequest.Create(request);
        using RtNetlink host = RtNetlink.Open();

        if (host.FindLink(wish.BridgeName) is Link bridge)
        {
            LinkRemoval.RemoveInvalid(host, request, link => link.MasterIndex == bridge.Index);
        }

        if (wish.Config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Gc(request.Config.Name!, request.ValidAttachments);
        }

        FindIpam(request, wish)?.Gc(request);
    }

    public void Status(CniRequest request) => FindIpam(request, BridgeRequest.Create(request))?.Status(request);

    private CniResult Add(CniRequest request, BridgeRequest wish, RtNetlink host, RtNetlink inside, Undo undo)
    {
        string name = request.Attachment.InterfaceName;
        string hostName = HostLinkName.Veth.Create(request.Config.Name!, request.Attachment);
        ThrowIfTaken(inside, name);

        CniResult addresses = Allocate(request, wish, undo);
        Link bridge = BridgeLink.Ensure(host, _host, wish);
        AddVeth(request, wish, host, bridge, hostName, undo);
        Link veth = host.GetLink(hostName);
        Link link = inside.GetLink(name);

        if (wish.Config.HairpinMode || wish.Config.PortIsolation)
        {
            host.ChangeBridgePort(
                veth.Index,
                wish.Config.HairpinMode ? true : null,
                wish.Config.PortIsolation ? true : null);
        }

        if (!wish.Config.DisableContainerInterface)
        {
            ContainerInterface.Configure(
                request.Arguments.NetworkNamespace, inside, link, addresses, wish.Config.Enabledad);
        }

        if (wish.IsGateway && addresses.Ips is { Count: > 0 } ips)
        {
            BridgeLink.EnsureGateways(host, bridge, ips, wish.Config.ForceAddress);
            Forwarding.Enable(_host, ips);
            Forwarding.DisableRedirects(_host, bridge.Name, ips);
        }

        if (wish.Config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Add(request.Config.Name!, request.Attachment, PrefixesOf(addresses));
        }

        return addresses with
        {
            Interfaces =
            [
                new CniInterface(bridge.Name, bridge.Address?.ToString()),
                new CniInterface(hostName, veth.Address?.ToString()) { Mtu = veth.Mtu },
                new CniInterface(name, link.Address?.ToString(), request.Arguments.NetworkNamespacePath) { Mtu = link.Mtu },
            ],
            Ips = addresses.Ips?.Select(address => address with { Interface = 2 }).ToList(),
        };
    }

    /// <summary>Addresses, gateways and routes of the container.</summary>
    private CniResult Allocate(CniRequest request, BridgeRequest wish, Undo undo)
    {
        if (FindIpam(request, wish) is not ICniPlugin ipam)
        {
            return new CniResult();
        }

        CniResult result = ipam.Add(request);

        // Only now: what a refused ADD found taken may be this attachment's own, of an ADD before.
        undo.Push(() => ipam.Del(request));

        if (result.Ips is not { Count: > 0 } ips)
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, "IPAM plugin returned missing IP config");
        }

        if (!wish.IsGateway)
        {
            return result;
        }

        List<CniAddress> withGateways = [.. ips.Select(
            address => address with { Gateway = address.Gateway ?? FirstHostOf(address.Address) })];
        List<CniRoute> routes = [.. result.Routes ?? []];

        if (wish.Config.IsDefaultGateway)
        {
            AddDefaultRoutes(routes, withGateways);
        }

        return result with { Ips = withGateways, Routes = routes };
    }

    private static List<IPPrefix> PrefixesOf(CniResult result) => [.. (result.Ips ?? []).Select(address => address.Address)];

    private static void AddDefaultRoutes(List<CniRoute> routes, List<CniAddress> addresses)
    {
        foreach (CniAddress address in addresses)
        {
            IPPrefix everything = new(address.Address.IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);

            if (!routes.Exists(route => route.Dst == everything))
            {
                routes.Add(new CniRoute(everything, address.Gateway));
            }
        }
    }

    private static void AddVeth(
        CniRequest request, BridgeRequest wish, RtNetlink host, Link bridge, string hostName, Undo undo)
    {
        using SafeFd target = request.Arguments.NetworkNamespace.Open();
        uint? mtu = wish.Mtu ?? (bridge.Mtu == 0 ? null : bridge.Mtu);

        try
        {
            host.AddVeth(
                new VethEnd(hostName) { Mtu = mtu },
                new VethEnd(request.Attachment.InterfaceName) { Mtu = mtu, Address = wish.Mac, Namespace = target },
                bridge.Index,
                up: true);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw new CniException(
                CniErrorCode.DuplicateAttachment,
                $"{request.Attachment} has a veth pair already: {hostName}",
                "an earlier ADD was not followed by its DEL",
                e);
        }

        undo.Push(() => host.DeleteLink(hostName));
    }

    private static void ThrowIfTaken(RtNetlink inside, string name)
    {
        if (inside.FindLink(name) is not null)
        {
            throw new CniException(
                CniErrorCode.DuplicateAttachment, $"container veth name provided ({name}) already exists");
        }
    }

    private static IPAddress FirstHostOf(IPPrefix prefix)
    {
        byte[] bytes = prefix.Network.Address.GetAddressBytes();
        bytes[^1] |= 1;
        return new IPAddress(bytes);
    }

    private ICniPlugin? FindIpam(CniRequest request, BridgeRequest wish) =>
        wish.IpamType is string type ? invoker.Find(type, request.Arguments.SearchPath) : null;

    private static CniException CheckFailed(string message) => new(CniErrorCode.CheckFailed, message);
}
