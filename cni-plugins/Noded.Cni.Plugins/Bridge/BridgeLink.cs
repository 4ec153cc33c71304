using System.Net;
using System.Security.Cryptography;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Bridge;

/// <summary>The bridge itself, which all containers of the network share; it is made by the first and stays.</summary>
internal static class BridgeLink
{
    /// <summary>The bridge, up and as configured, made if there is none.</summary>
    /// <exception cref="CniException">Another kind of link has the name.</exception>
    internal static Link Ensure(RtNetlink host, NetworkNamespace hostNamespace, BridgeRequest wish)
    {
        Link bridge = host.FindLink(wish.BridgeName) ?? Make(host, hostNamespace, wish);

        if (bridge.Kind != "bridge")
        {
            throw new CniException(
                CniErrorCode.InvalidNetworkConfig, $"\"{wish.BridgeName}\" already exists but is not a bridge");
        }

        bool needsPromisc = wish.Config.PromiscMode && !bridge.Flags.HasFlag(LinkFlags.Promiscuous);

        if (!bridge.IsUp || needsPromisc)
        {
            host.ChangeLink(bridge.Index, new LinkChange { Up = true, Promiscuous = needsPromisc ? true : null });
        }

        return bridge;
    }

    /// <summary>Gives the bridge the gateway addresses of <paramref name="addresses"/>.</summary>
    /// <exception cref="CniException">It has another address of the family, and may not lose it.</exception>
    internal static void EnsureGateways(RtNetlink host, Link bridge, IReadOnlyList<CniAddress> addresses, bool force)
    {
        IReadOnlyList<LinkAddress>? present = null;

        foreach (CniAddress address in addresses)
        {
            if (address.Gateway is IPAddress gateway)
            {
                present ??= host.GetAddresses(bridge.Index);
                EnsureGateway(host, bridge, present, new IPPrefix(gateway, address.Address.Length), force);
            }
        }
    }

    private static void EnsureGateway(
        RtNetlink host, Link bridge, IReadOnlyList<LinkAddress> present, IPPrefix gateway, bool force)
    {
        foreach (IPPrefix other in present.Select(address => address.Prefix).Where(other => other.IsV6 == gateway.IsV6))
        {
            if (other == gateway)
            {
                return;
            }

            // Several IPv6 networks may share a link, and its link-local address is the kernel's.
            if (gateway.IsV4 || other.Overlaps(gateway))
            {
                if (!force)
                {
                    throw new CniException(
                        CniErrorCode.InvalidNetworkConfig,
                        $"\"{bridge.Name}\" already has an IP address different from {gateway}",
                        $"it has {other}; forceAddress would take it off");
                }

                host.DeleteAddress(bridge.Index, other);
            }
        }

        try
        {
            host.AddAddress(bridge.Index, gateway, AddressFlags.NoDuplicateDetection);
        }
        catch (LinuxException e) when (e.Errno == Errno.EEXIST)
        {
            // Another container's ADD was faster.
        }
    }

    private static Link Make(RtNetlink host, NetworkNamespace hostNamespace, BridgeRequest wish)
    {
        try
        {
            // With an address of its own. Otherwise it takes the lowest of its ports', and neighbours lose the gateway
            // whenever one comes or goes.
            host.AddBridge(wish.BridgeName, wish.Mtu, RandomMac());
            // Router advertisements from containers must not change the machine's routes.
            hostNamespace.WriteSysctl($"net/ipv6/conf/{wish.BridgeName}/accept_ra", "0");
        }
        catch (LinuxException e) when (e.Errno is Errno.EEXIST or Errno.ENOENT)
        {
            // Another container's ADD was faster, or the machine has no IPv6.
        }

        return host.GetLink(wish.BridgeName);
    }

    /// <summary>Locally administered, not a group's.</summary>
    private static MacAddress RandomMac()
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        RandomNumberGenerator.Fill(bytes);
        bytes[0] = (byte)((bytes[0] & 0xfc) | 0x02);
        return new MacAddress(bytes);
    }
}
