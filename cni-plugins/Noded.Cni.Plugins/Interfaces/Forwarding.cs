using Noded.Cni.Results;
using Noded.Linux.Namespaces;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>Whether the machine passes packets on between its interfaces.</summary>
internal static class Forwarding
{
    private const string V4 = "net/ipv4/ip_forward";
    private const string V6 = "net/ipv6/conf/all/forwarding";

    /// <summary>Switches it on for the families of the addresses.</summary>
    internal static void Enable(NetworkNamespace host, IReadOnlyList<CniAddress> addresses)
    {
        if (addresses.Any(address => address.Address.IsV4))
        {
            Enable(host, V4);
        }

        if (addresses.Any(address => address.Address.IsV6))
        {
            Enable(host, V6);
        }
    }

    private static void Enable(NetworkNamespace host, string name)
    {
        // Writing it, even unchanged, walks all interfaces under the lock that every link operation waits for.
        if (host.ReadSysctl(name) != "1")
        {
            host.WriteSysctl(name, "1");
        }
    }
}
