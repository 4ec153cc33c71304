using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Macvlan;

/// <summary>Gives the container a link of its own on one of the machine's: with another MAC address, as if it were wired.</summary>
internal sealed class MacvlanPlugin(PluginInvoker invoker) : ICniPlugin
{
    public CniResult Add(CniRequest request)
    {
        MacvlanRequest wish = MacvlanRequest.Create(request);
        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        return Undo.Run(undo => Add(request, wish, inside, undo));
    }

    public void Del(CniRequest request)
    {
        MacvlanRequest wish = MacvlanRequest.Create(request);
        RemoveLink(request);

        // Last: an address is free again when nobody answers to it any more.
        FindIpam(request, wish)?.Del(request);
    }

    public void Check(CniRequest request)
    {
        MacvlanRequest wish = MacvlanRequest.Create(request);
        FindIpam(request, wish)?.Check(request);
        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        using RtNetlink outside = OpenForMaster(request, wish);
        Link master = wish.FindMaster(outside);
        string name = request.Attachment.InterfaceName;

        if (inside.FindLink(name) is not { Kind: "macvlan" } link
            || link.MacvlanMode != wish.Mode
            || link.PeerIndex != master.Index)
        {
            throw new CniException(
                CniErrorCode.CheckFailed, $"container interface {name} is no macvlan of mode {wish.Mode} on {master.Name}");
        }

        ContainerInterface.Check(inside, name, request.RequirePreviousResult());
    }

    /// <summary>The links went with their namespaces.</summary>
    public void Gc(CniRequest request) => FindIpam(request, MacvlanRequest.Create(request))?.Gc(request);

    public void Status(CniRequest request)
    {
        MacvlanRequest wish = MacvlanRequest.Create(request);
        FindIpam(request, wish)?.Status(request);

        if (!wish.Config.LinkInContainer)
        {
            using RtNetlink host = RtNetlink.Open();
            wish.FindMaster(host);
        }
    }

    private CniResult Add(CniRequest request, MacvlanRequest wish, RtNetlink inside, Undo undo)
    {
        string name = request.Attachment.InterfaceName;
        AddLink(request, wish, undo);
        Link link = inside.GetLink(name);
        CniResult result = Allocate(request, wish, undo);

        if (result.Ips is { Count: > 0 })
        {
            ContainerInterface.Configure(request.Arguments.NetworkNamespace, inside, link, result);
        }
        else
        {
            inside.ChangeLink(link.Index, new LinkChange { Up = true });
        }

        return result with
        {
            Interfaces =
            [
                new CniInterface(name, link.Address?.ToString(), request.Arguments.NetworkNamespacePath) { Mtu = link.Mtu },
            ],
            Ips = result.Ips?.Select(address => address with { Interface = 0 }).ToList(),
        };
    }

    private static void AddLink(CniRequest request, MacvlanRequest wish, Undo undo)
    {
        string name = request.Attachment.InterfaceName;
        using RtNetlink outside = OpenForMaster(request, wish);
        using SafeFd target = request.Arguments.NetworkNamespace.Open();
        Link master = wish.FindMaster(outside);

        try
        {
            outside.AddMacvlan(name, master.Index, wish.Mode, target, wish.MtuOn(master), wish.Mac);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            throw new CniException(
                CniErrorCode.DuplicateAttachment, $"container interface name provided ({name}) already exists", null, e);
        }

        undo.Push(() => RemoveLink(request));
    }

    private CniResult Allocate(CniRequest request, MacvlanRequest wish, Undo undo)
    {
        if (FindIpam(request, wish) is not ICniPlugin ipam)
        {
            return new CniResult();
        }

        CniResult result = ipam.Add(request);

        // Only now: what a refused ADD found taken may be this attachment's own, of an ADD before.
        undo.Push(() => ipam.Del(request));
        return result.Ips is { Count: > 0 }
            ? result
            : throw new CniException(CniErrorCode.InvalidNetworkConfig, "IPAM plugin returned missing IP config");
    }

    private static RtNetlink OpenForMaster(CniRequest request, MacvlanRequest wish) =>
        RtNetlink.Open(wish.Config.LinkInContainer ? request.Arguments.NetworkNamespace : null);

    private static void RemoveLink(CniRequest request)
    {
        if (request.Arguments.NetworkNamespacePath is null)
        {
            return;
        }

        try
        {
            using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);

            if (inside.FindLink(request.Attachment.InterfaceName) is { Kind: "macvlan" } link)
            {
                inside.DeleteLink(link.Index);
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EINVAL)
        {
            // No namespace, or a plain file that it was mounted on: its links went with it.
        }
    }

    private ICniPlugin? FindIpam(CniRequest request, MacvlanRequest wish) =>
        wish.IpamType is string type ? invoker.Find(type, request.Arguments.SearchPath) : null;
}
