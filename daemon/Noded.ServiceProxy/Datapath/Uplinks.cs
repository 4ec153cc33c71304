using System.Collections.Immutable;
using System.Net;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.ServiceProxy.Datapath;

/// <summary>Which links packets from outside come in by, and which addresses they come to.</summary>
internal static class Uplinks
{
    /// <summary>
    /// Links with an address of the machine. Not loopback, and not what leads to pods: a bridge or a veth with an address
    /// of theirs.
    /// </summary>
    public static ImmutableHashSet<int> Compute(
        IEnumerable<LinkAddress> addresses, IReadOnlyCollection<IPPrefix> podCidrs)
    {
        LinkAddress[] known = [.. addresses.Where(address => IsReachable(address.Prefix.Address))];
        HashSet<int> ofPods =
        [
            .. known.Where(address => podCidrs.Any(cidr => cidr.Contains(address.Prefix.Address)))
                .Select(address => address.LinkIndex),
        ];
        return [.. known.Select(address => address.LinkIndex).Where(link => !ofPods.Contains(link))];
    }

    /// <summary>
    /// Addresses of the node where its ports answer. Each veth has a link-local one of IPv6, which nobody reaches without
    /// naming the link: those are left out, so that pods come and go without a change.
    /// </summary>
    public static ImmutableHashSet<IPAddress> LocalAddresses(IEnumerable<LinkAddress> addresses) =>
        [.. addresses.Select(address => address.Prefix.Address).Where(IsReachable)];

    /// <summary>Those that the machine has now.</summary>
    /// <exception cref="IOException">The kernel does not list them.</exception>
    public static ImmutableHashSet<IPAddress> ReadLocalAddresses()
    {
        using RtNetlink netlink = RtNetlink.Open();
        return LocalAddresses(netlink.GetAddresses());
    }

    private static bool IsReachable(IPAddress address) => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal;
}
