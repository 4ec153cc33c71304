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

    /// <summary>
    /// Sends no ICMP redirects (IPv4) by a link: two containers of a bridge that talk through a Service get their packets
    /// back by the link that they came from, as they must, and a redirect would use up what the kernel grants a container
    /// of errors that it needs. Other links go on as their own settings say. IPv6 has no such setting.
    /// </summary>
    internal static void DisableRedirects(NetworkNamespace host, string link, IReadOnlyList<CniAddress> addresses)
    {
        if (!addresses.Any(address => address.Address.IsV4))
        {
            return;
        }

        // The kernel sends them when either of the two allows it.
        foreach (string name in (string[])[link, "all"])
        {
            Write(host, $"net/ipv4/conf/{name}/send_redirects", "0");
        }
    }

    private static void Enable(NetworkNamespace host, string name) => Write(host, name, "1");

    private static void Write(NetworkNamespace host, string name, string value)
    {
        // Writing it, even unchanged, walks all interfaces under the lock that every link operation waits for.
        if (host.ReadSysctl(name) != value)
        {
            host.WriteSysctl(name, value);
        }
    }
}
