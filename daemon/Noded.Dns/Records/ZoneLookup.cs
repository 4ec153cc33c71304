using System.Net;
using Noded.Dns.Wire;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>Where a name stands in our zones.</summary>
internal enum NameStatus
{
    /// <summary>In none of our zones: somebody else knows.</summary>
    NotOurs,

    /// <summary>There is no such name.</summary>
    Missing,

    /// <summary>It is there, perhaps without any record.</summary>
    Found,
}

/// <summary>
/// Finds the records of a name. What is there without a record of its own and what is not there at all is told apart
/// as CoreDNS does.
/// </summary>
internal sealed class ZoneLookup(ClusterZone zone, ClusterRecords records)
{
    private readonly NameRecords _version = NameRecords.Of(
        RecordType.Txt, [[(byte)ClusterZone.SchemaVersion.Length, .. "1.1.0"u8]], ttl: 28800);

    private readonly NameRecords _apex = NameRecords.Of(
        RecordType.Ns, [WireName.Encode($"ns.dns.{zone.Domain}")]);

    private readonly NameRecords _server = NameRecords.Addresses(zone.Servers);

    /// <param name="found">Null unless the name is there.</param>
    /// <param name="zoneOffset">Where in the name our zone begins.</param>
    public NameStatus Find(in DnsQuery query, out NameRecords? found, out int zoneOffset)
    {
        int below = query.LabelCount - zone.LabelCount;
        zoneOffset = below >= 0 ? query.OffsetOf(below) : 0;
        if (below >= 0 && query.Name[zoneOffset..].SequenceEqual(zone.Name))
        {
            found = FindInCluster(query, below);
            return found is null ? NameStatus.Missing : NameStatus.Found;
        }

        return FindReverse(query, out found, out zoneOffset);
    }

    /// <param name="below">How many labels the name has before the zone's.</param>
    private NameRecords? FindInCluster(in DnsQuery query, int below)
    {
        if (below == 0)
        {
            return _apex;
        }

        ReadOnlySpan<byte> kind = query.Label(below - 1);
        if (kind.SequenceEqual("svc"u8))
        {
            return FindService(query, below - 1);
        }

        if (kind.SequenceEqual("pod"u8))
        {
            return FindPod(query, below - 1);
        }

        return below switch
        {
            1 when kind.SequenceEqual("dns-version"u8) => _version,
            1 when kind.SequenceEqual("dns"u8) => NameRecords.Empty,
            2 when kind.SequenceEqual("dns"u8) && query.Label(0).SequenceEqual("ns"u8) => _server,
            _ => null,
        };
    }

    /// <param name="below">Labels before "svc": prefixes, Service, namespace.</param>
    private NameRecords? FindService(in DnsQuery query, int below)
    {
        if (below < 2)
        {
            return below == 0 || HasNamespace(query, 0) ? NameRecords.Empty : null;
        }

        int service = query.OffsetOf(below - 2);
        return records.Find(query.Name[service..query.OffsetOf(below)], query.Name[..service]);
    }

    /// <summary>A pod's name is its address: nobody looks whether there is such a pod ("pods insecure").</summary>
    private NameRecords? FindPod(in DnsQuery query, int below)
    {
        if (below == 0)
        {
            return NameRecords.Empty;
        }

        if (below > 2 || !HasNamespace(query, below - 1))
        {
            return null;
        }

        return below == 1 ? NameRecords.Empty
            : ReadDashed(query.Label(0)) is { } address ? NameRecords.Addresses([address])
            : null;
    }

    private bool HasNamespace(in DnsQuery query, int label) =>
        records.HasNamespace(query.Name[query.OffsetOf(label)..query.OffsetOf(label + 1)]);

    private static IPAddress? ReadDashed(ReadOnlySpan<byte> label)
    {
        bool isV4 = label.Count((byte)'-') == 3 && label.IndexOf("--"u8) < 0;
        Span<char> text = stackalloc char[label.Length];
        for (int i = 0; i < label.Length; i++)
        {
            text[i] = label[i] == (byte)'-' ? (isV4 ? '.' : ':') : (char)label[i];
        }

        return IPAddressText.TryParse(text.ToString(), out IPAddress? address) ? address : null;
    }

    private NameStatus FindReverse(in DnsQuery query, out NameRecords? found, out int zoneOffset)
    {
        found = null;
        zoneOffset = 0;
        if (!ReverseAddress.TryRead(query, out ReverseAddress reverse)
            || reverse.ZoneOf(zone.ReverseRanges) is not { } zoneUnits)
        {
            return NameStatus.NotOurs;
        }

        zoneOffset = query.OffsetOf(query.LabelCount - 2 - zoneUnits);
        if (reverse.HasMore)
        {
            return NameStatus.Missing;
        }

        if (!reverse.IsWhole)
        {
            found = NameRecords.Empty;
            return NameStatus.Found;
        }

        var names = records.NamesOf(reverse.Key);
        found = names.IsEmpty ? null : NameRecords.Of(RecordType.Ptr, names.Select(WireName.Encode));
        return found is null ? NameStatus.Missing : NameStatus.Found;
    }
}
