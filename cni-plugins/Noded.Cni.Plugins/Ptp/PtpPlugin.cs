using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Plugins.Masquerade;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Ptp;

/// <summary>
/// Joins the container to the machine by a veth pair alone: no bridge, every packet is routed, even to neighbours of the
/// same subnet.
/// </summary>
internal sealed class PtpPlugin(PluginInvoker invoker) : ICniPlugin
{
    private readonly NetworkNamespace _host = new("/proc/self/ns/net");

    public CniResult Add(CniRequest request)
    {
        PtpConfig config = request.Read(PluginJson.Default.PtpConfig);
        using RtNetlink host = RtNetlink.Open();
        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        return Undo.Run(undo => Add(request, config, host, inside, undo));
    }

    public void Del(CniRequest request)
    {
        PtpConfig config = request.Read(PluginJson.Default.PtpConfig);
        LinkRemoval.Remove(request, config.IpMasq);

        // Last: an address is free again when nobody answers to it any more.
        FindIpam(request, config).Del(request);
    }

    public void Check(CniRequest request)
    {
        PtpConfig config = request.Read(PluginJson.Default.PtpConfig);
        FindIpam(request, config).Check(request);
        CniResult previous = request.RequirePreviousResult();
        using RtNetlink host = RtNetlink.Open();
        CniInterface? veth = previous.Interfaces?.FirstOrDefault(link => string.IsNullOrEmpty(link.Sandbox));

        if (veth is null || host.FindLink(veth.Name) is not { IsUp: true } link)
        {
            throw new CniException(CniErrorCode.CheckFailed, $"host interface {veth?.Name} is missing or down");
        }

        IReadOnlyList<Route> routes = host.GetRoutes();

        foreach (CniAddress address in previous.Ips ?? [])
        {
            if (!routes.Any(route => route.Destination == IPPrefix.Host(address.Address.Address) && route.LinkIndex == link.Index))
            {
                throw new CniException(CniErrorCode.CheckFailed, $"the route to {address.Address.Address} through {link.Name} is missing");
            }
        }

        if (config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Check(request.Config.Name!, request.Attachment, PrefixesOf(previous));
        }

        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        ContainerInterface.Check(inside, request.Attachment.InterfaceName, previous);
    }

    public void Gc(CniRequest request)
    {
        PtpConfig config = request.Read(PluginJson.Default.PtpConfig);
        using RtNetlink host = RtNetlink.Open();
        LinkRemoval.RemoveInvalid(host, request, link => link.MasterIndex == 0);

        if (config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Gc(request.Config.Name!, request.ValidAttachments);
        }

        FindIpam(request, config).Gc(request);
    }

    public void Status(CniRequest request) =>
        FindIpam(request, request.Read(PluginJson.Default.PtpConfig)).Status(request);

    private CniResult Add(CniRequest request, PtpConfig config, RtNetlink host, RtNetlink inside, Undo undo)
    {
        string name = request.Attachment.InterfaceName;
        string hostName = HostLinkName.Veth.Create(request.Config.Name!, request.Attachment);
        CniResult result = Allocate(request, config, undo);
        Forwarding.Enable(_host, result.Ips!);

        AddVeth(request, config, host, hostName, undo);
        Link veth = host.GetLink(hostName);
        Link link = inside.GetLink(name);

        ConfigureHost(host, veth, result.Ips!);
        ConfigureContainer(request.Arguments.NetworkNamespace, inside, link, result);

        if (config.IpMasq)
        {
            using MasqueradeRules masquerade = new();
            masquerade.Add(request.Config.Name!, request.Attachment, PrefixesOf(result));
        }

        return result with
        {
            Interfaces =
            [
                new CniInterface(hostName, veth.Address?.ToString()) { Mtu = veth.Mtu },
                new CniInterface(name, link.Address?.ToString(), request.Arguments.NetworkNamespacePath) { Mtu = link.Mtu },
            ],
            Ips = [.. result.Ips!.Select(address => address with { Interface = 1 })],
            Dns = config.Dns ?? result.Dns,
        };
    }

    private CniResult Allocate(CniRequest request, PtpConfig config, Undo undo)
    {
        ICniPlugin ipam = FindIpam(request, config);
        CniResult result = ipam.Add(request);

        // Only now: what a refused ADD found taken may be this attachment's own, of an ADD before.
        undo.Push(() => ipam.Del(request));

        if (result.Ips is not { Count: > 0 } ips)
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, "IPAM plugin returned missing IP config");
        }

        return ips.FirstOrDefault(address => address.Gateway is null) is CniAddress without
            ? throw new CniException(
                CniErrorCode.InvalidNetworkConfig, $"IPAM plugin returned no gateway for {without.Address}, which ptp needs")
            : result;
    }

    private static List<IPPrefix> PrefixesOf(CniResult result) => [.. (result.Ips ?? []).Select(address => address.Address)];

    private static void AddVeth(CniRequest request, PtpConfig config, RtNetlink host, string hostName, Undo undo)
    {
        using SafeFd target = request.Arguments.NetworkNamespace.Open();
        uint? mtu = config.Mtu == 0 ? null : config.Mtu;

        try
        {
            host.AddVeth(
                new VethEnd(hostName) { Mtu = mtu },
                new VethEnd(request.Attachment.InterfaceName) { Mtu = mtu, Namespace = target },
                up: true);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw new CniException(
                CniErrorCode.DuplicateAttachment,
                $"{request.Attachment} has an interface already",
                $"{hostName} on the host or {request.Attachment.InterfaceName} in the container exists",
                e);
        }

        undo.Push(() => host.DeleteLink(hostName));
    }

    /// <summary>The gateway's address, which every such link has, and the way to the container.</summary>
    private static void ConfigureHost(RtNetlink host, Link veth, IReadOnlyList<CniAddress> addresses)
    {
        foreach (CniAddress address in addresses)
        {
            host.AddAddress(veth.Index, IPPrefix.Host(address.Gateway!), AddressFlags.NoDuplicateDetection);
            host.AddRoute(new Route(IPPrefix.Host(address.Address.Address))
            {
                LinkIndex = veth.Index,
                Scope = address.Address.IsV6 ? RouteScope.Universe : RouteScope.Link,
            });
        }
    }

    /// <summary>
    /// The subnet leads to the gateway, not to the link: there is nobody else on it. The route that the kernel makes for
    /// an address would say otherwise.
    /// </summary>
    private static void ConfigureContainer(
        NetworkNamespace networkNamespace, RtNetlink inside, Link link, CniResult result)
    {
        ContainerInterface.Configure(
            networkNamespace, inside, link, result with { Routes = null }, flags: AddressFlags.NoPrefixRoute);

        foreach (CniAddress address in result.Ips!)
        {
            inside.AddRoute(new Route(IPPrefix.Host(address.Gateway!))
            {
                LinkIndex = link.Index,
                Scope = address.Address.IsV6 ? RouteScope.Universe : RouteScope.Link,
                PreferredSource = address.Address.IsV6 ? null : address.Address.Address,
            });
            inside.AddRoute(new Route(address.Address.Network)
            {
                LinkIndex = link.Index,
                Gateway = address.Gateway,
                PreferredSource = address.Address.IsV6 ? null : address.Address.Address,
            });
        }

        ContainerInterface.AddRoutes(inside, link, result);
    }

    private ICniPlugin FindIpam(CniRequest request, PtpConfig config) =>
        invoker.Find(
            config.Ipam?.Type ?? throw new CniException(CniErrorCode.InvalidNetworkConfig, "ptp needs ipam.type"),
            request.Arguments.SearchPath);
}
