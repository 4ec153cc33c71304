using System.Collections.Immutable;
using System.Net;
using k8s.Models;
using Noded.Dns.Wire;

namespace Noded.Dns.Records;

/// <summary>
/// One Service as of one moment, and the names it has. They are made when somebody asks for one: a change costs nothing
/// for names that nobody wants, and all names of a Service change at once.
/// </summary>
internal sealed class ServiceEntry(V1Service service, ImmutableArray<V1EndpointSlice> slices, ClusterZone zone)
{
    private Dictionary<byte[], NameRecords>? _names;

    /// <summary>Null when the Service has no such name.</summary>
    /// <param name="prefix">The labels before the Service's own name, in lower case; empty for that name itself.</param>
    public NameRecords? Find(ReadOnlySpan<byte> prefix) =>
        (Volatile.Read(ref _names) ?? Encode())
            .GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(prefix, out NameRecords? records)
                ? records
                : null;

    private Dictionary<byte[], NameRecords> Encode()
    {
        ImmutableArray<DnsRecord> records = ServiceRecords.Compute(service, slices, zone);
        string name = ServiceRecords.NameOf(service.Metadata.NamespaceProperty, service.Metadata.Name, zone);
        ILookup<string, IPAddress> addresses = records.OfType<DnsRecord.Address>()
            .ToLookup(record => record.Owner, record => record.Value);
        Dictionary<byte[], NameRecords> names = new(WireNameComparer.Instance);
        foreach (IGrouping<string, DnsRecord> ofAName in records.GroupBy(record => record.Owner))
        {
            // Who asks has names of the wire: one that does not fit there is never asked for.
            if (WireName.TryEncode(ofAName.Key) is { } wire)
            {
                byte[] own = WireName.Encode(name);
                names[wire[..^own.Length]] = NameRecords.Encode([.. ofAName], target => addresses[target]);
            }
        }

        // Two threads may do this at once; they come to the same.
        Volatile.Write(ref _names, names);
        return names;
    }
}
