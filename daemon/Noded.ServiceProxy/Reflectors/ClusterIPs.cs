using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using Noded.Primitives;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>
/// Gives cluster IPs to Services whose manifests have none. The address follows from the name, so it is the same after a
/// restart; where two names meet, the first in order has it and the other the next one.
/// </summary>
/// <param name="range">Null when the node has none: Services without an address stay without.</param>
internal sealed class ClusterIPs(IPPrefix? range)
{
    private readonly Dictionary<NamespacedName, IPAddress> _given = [];

    /// <summary>The Services with their addresses; those that have some keep them.</summary>
    public ImmutableArray<V1Service> Assign(ImmutableArray<V1Service> services)
    {
        if (range is not { } addresses)
        {
            return services;
        }

        HashSet<string> taken =
            [.. services.SelectMany(service => (service.Spec.ClusterIPs ?? []).Append(service.Spec.ClusterIP ?? ""))];
        ImmutableArray<V1Service> waiting =
        [
            .. services
                .Where(service => service.Spec.Type != "ExternalName"
                    && string.IsNullOrEmpty(service.Spec.ClusterIP)
                    && service.Spec.ClusterIPs is not { Count: > 0 })
                .OrderBy(NameOf),
        ];
        foreach (NamespacedName gone in _given.Keys.Except(waiting.Select(NameOf)).ToArray())
        {
            _given.Remove(gone);
        }

        foreach (V1Service service in waiting.OrderByDescending(service => _given.ContainsKey(NameOf(service))))
        {
            IPAddress address = Give(addresses, NameOf(service), taken);
            taken.Add(address.ToString());
            service.Spec.ClusterIP = address.ToString();
            service.Spec.ClusterIPs = [service.Spec.ClusterIP];
        }

        return services;
    }

    private static NamespacedName NameOf(V1Service service) =>
        new(service.Metadata.NamespaceProperty, service.Metadata.Name);

    private IPAddress Give(IPPrefix range, NamespacedName name, HashSet<string> taken)
    {
        if (_given.TryGetValue(name, out IPAddress? before) && !taken.Contains(before.ToString()))
        {
            return before;
        }

        int bits = Math.Min((range.IsV6 ? 128 : 32) - range.Length, 24);
        uint size = 1u << bits;
        uint start = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name.ToString())));
        for (uint i = 0; i < size; i++)
        {
            // Not the network's own address, not its last one, and not those at its begin that upstream keeps for
            // kubernetes (1) and DNS (10).
            uint offset = (start + i) % size;
            IPAddress address = At(range, offset);
            if ((offset > 10 || size <= 16) && offset != 0 && offset != size - 1 && !taken.Contains(address.ToString()))
            {
                _given[name] = address;
                return address;
            }
        }

        throw new IOException($"No address is left in {range} for Service {name}.");
    }

    private static IPAddress At(IPPrefix range, uint offset)
    {
        byte[] bytes = range.Network.Address.GetAddressBytes();
        Span<byte> last = bytes.AsSpan(bytes.Length - 4);
        BinaryPrimitives.WriteUInt32BigEndian(last, BinaryPrimitives.ReadUInt32BigEndian(last) + offset);
        return new IPAddress(bytes);
    }
}
