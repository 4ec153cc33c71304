using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Noded.Linux.Namespaces;

namespace Noded.ServiceProxy.Datapath;

/// <summary>The node itself for the programs: its network namespace, and its addresses, where node ports answer.</summary>
internal sealed class NodeClient(ServiceMaps maps)
{
    private readonly ulong _cookie = NamespaceCookies.Read(NetworkNamespace.Own);

    /// <summary>Makes the maps say what the machine has now.</summary>
    public void Write(ImmutableHashSet<IPAddress> addresses)
    {
        MapAddress[] keys = [.. addresses.Select(address => new MapAddress(address))];
        foreach (MapAddress gone in maps.LocalAddresses.Keys().Except(keys))
        {
            maps.LocalAddresses.Remove(gone);
        }

        foreach (MapAddress key in keys)
        {
            maps.LocalAddresses.Set(key, 1);
        }

        maps.Clients.Set(
            _cookie,
            new ClientEntry(
                ClientFlags.Host,
                addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork),
                addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6)));
    }
}
