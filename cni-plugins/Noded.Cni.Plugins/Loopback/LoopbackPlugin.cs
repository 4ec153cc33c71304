using System.Net;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.Loopback;

/// <summary>Brings the namespace's loopback interface up; the kernel gives it its addresses.</summary>
internal sealed class LoopbackPlugin : ICniPlugin
{
    private const string Name = "lo";

    public CniResult Add(CniRequest request)
    {
        using RtNetlink netlink = RtNetlink.Open(request.Arguments.NetworkNamespace);
        Link loopback = netlink.GetLink(Name);
        netlink.ChangeLink(loopback.Index, new LinkChange { Up = true });

        // What came before is what the container has; loopback adds nothing that a runtime looks for.
        return request.PreviousResult ?? new CniResult
        {
            Interfaces =
            [
                new CniInterface(Name, loopback.Address?.ToString(), request.Arguments.NetworkNamespacePath)
                {
                    Mtu = loopback.Mtu,
                },
            ],
            Ips = [.. netlink.GetAddresses(loopback.Index)
                .Where(address => IPAddress.IsLoopback(address.Prefix.Address))
                .Select(address => new CniAddress(address.Prefix) { Interface = 0 })],
        };
    }

    public void Del(CniRequest request)
    {
        if (request.Arguments.NetworkNamespacePath is null)
        {
            return;
        }

        try
        {
            using RtNetlink netlink = RtNetlink.Open(request.Arguments.NetworkNamespace);

            if (netlink.FindLink(Name) is Link loopback)
            {
                netlink.ChangeLink(loopback.Index, new LinkChange { Up = false });
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // The namespace went with its container.
        }
    }

    public void Check(CniRequest request)
    {
        using RtNetlink netlink = RtNetlink.Open(request.Arguments.NetworkNamespace);

        if (!netlink.GetLink(Name).IsUp)
        {
            throw new CniException(CniErrorCode.CheckFailed, $"loopback interface {Name} is down");
        }
    }

    public void Gc(CniRequest request)
    {
        // Everything it does lives and dies with the namespace.
    }

    public void Status(CniRequest request)
    {
        // It needs nothing that could be missing.
    }
}
