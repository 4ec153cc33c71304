using System.Net;
using Noded.Linux;
using Noded.Linux.Netlink.Conntrack;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>
/// UDP has no connections, but the kernel remembers who talked to whom: while it does, packets go where the first one
/// went, whatever the rules say since.
/// </summary>
internal static class PortMapConnections
{
    /// <summary>Forgets exchanges with ports that lead to a container now and led elsewhere before.</summary>
    internal static void ForgetStale(IReadOnlyList<PortMapElement> added)
    {
        HashSet<IPAddress>? local = null;
        Forget(added, (udp, entry) =>
            !entry.Answering.Equals(udp.Target)
            && (udp.HostAddress is null ? IsLocal(entry.Destination, ref local) : udp.HostAddress.Equals(entry.Destination)));
    }

    /// <summary>Forgets exchanges with a container that has the ports no more.</summary>
    internal static void ForgetEnded(IReadOnlyList<PortMapElement> removed) =>
        Forget(removed, (udp, entry) =>
            entry.Answering.Equals(udp.Target) && !entry.Destination.Equals(udp.Target));

    private static void Forget(
        IReadOnlyList<PortMapElement> elements,
        Func<(IPAddress? HostAddress, ushort Port, IPAddress Target), ConntrackEntry, bool> isObsolete)
    {
        (bool IsV6, (IPAddress? HostAddress, ushort Port, IPAddress Target) Udp)[] ports =
            [.. elements.Where(element => element.TryGetUdp() is not null)
                .Select(element => (element.Family.IsV6, element.TryGetUdp()!.Value))];

        if (ports.Length == 0)
        {
            return;
        }

        try
        {
            using ConntrackTable connections = ConntrackTable.Open();

            foreach ((bool isV6, (IPAddress?, ushort Port, IPAddress) udp) in ports)
            {
                foreach (ConntrackEntry entry in connections.GetUdp(isV6, udp.Port))
                {
                    if (isObsolete(udp, entry))
                    {
                        connections.Delete(entry);
                    }
                }
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL)
        {
            // A kernel that does not show its connections: they end by themselves, half a minute after the last packet.
        }
    }

    /// <summary>Not what merely passes through this machine to the same port elsewhere.</summary>
    private static bool IsLocal(IPAddress address, ref HashSet<IPAddress>? local)
    {
        if (local is null)
        {
            using RtNetlink netlink = RtNetlink.Open();
            local = [.. netlink.GetAddresses().Select(found => found.Prefix.Address)];
        }

        return IPAddress.IsLoopback(address) || local.Contains(address);
    }
}
