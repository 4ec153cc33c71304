using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Noded.Dns.Wire;

namespace Noded.Dns.Records;

/// <summary>Records of one type in wire form; the owner of each is a pointer to the question's name.</summary>
/// <param name="Stride">The length of each when all have the same and may be given in any order; otherwise 0.</param>
/// <param name="Additional">Whole records that save the asker another question.</param>
internal sealed record RecordSet(
    RecordType Type, byte[] Records, int Count, int Stride, byte[] Additional, int AdditionalCount);

/// <summary>All that a name has, made once and then only copied. Without sets the name is there and has no records.</summary>
/// <param name="Alias">The target of its CNAME, which is then its only set.</param>
internal sealed record NameRecords(ImmutableArray<RecordSet> Sets, byte[]? Alias = null)
{
    internal static readonly NameRecords Empty = new([]);

    public RecordSet? Find(RecordType type)
    {
        foreach (RecordSet set in Sets)
        {
            if (set.Type == type)
            {
                return set;
            }
        }

        return null;
    }

    /// <param name="records">Of one name.</param>
    /// <param name="addressesOf">The addresses of a target among the records of the same Service.</param>
    public static NameRecords Encode(
        IReadOnlyCollection<DnsRecord> records, Func<string, IEnumerable<IPAddress>> addressesOf)
    {
        if (records.OfType<DnsRecord.Cname>().FirstOrDefault() is { } cname)
        {
            return WireName.TryEncode(cname.Target) is { } target
                ? new NameRecords([SetOf(RecordType.Cname, [target])], target)
                : Empty;
        }

        DnsRecord.Srv[] services = [.. records.OfType<DnsRecord.Srv>()];
        byte[][] additional =
        [
            .. services.Select(service => service.Target).Distinct()
                .SelectMany(target => addressesOf(target).Select(address => RecordOf(WireName.Encode(target), address))),
        ];
        RecordSet[] all =
        [
            .. Addresses(records.OfType<DnsRecord.Address>().Select(record => record.Value)).Sets,
            SetOf(RecordType.Srv, services.Select(RdataOf)) with
            {
                Additional = Join(additional),
                AdditionalCount = additional.Length,
            },
        ];
        return new NameRecords([.. all.Where(set => set.Count > 0)]);
    }

    public static NameRecords Addresses(IEnumerable<IPAddress> addresses)
    {
        ILookup<AddressFamily, byte[]> families =
            addresses.ToLookup(address => address.AddressFamily, address => address.GetAddressBytes());
        RecordSet[] sets =
        [
            SetOf(RecordType.A, families[AddressFamily.InterNetwork]),
            SetOf(RecordType.Aaaa, families[AddressFamily.InterNetworkV6]),
        ];
        return new NameRecords([.. sets.Where(set => set.Count > 0)]);
    }

    public static NameRecords Of(RecordType type, IEnumerable<byte[]> rdatas, uint ttl = ClusterZone.Ttl) =>
        new([SetOf(type, rdatas, ttl)]);

    private static RecordSet SetOf(RecordType type, IEnumerable<byte[]> rdatas, uint ttl = ClusterZone.Ttl)
    {
        byte[][] records =
            [.. rdatas.Select(rdata => RecordOf([ResponseWriter.QuestionPointer >> 8, DnsHeader.Length], type, ttl, rdata))];
        int stride = type is RecordType.A or RecordType.Aaaa && records.Length > 0 ? records[0].Length : 0;
        return new RecordSet(type, Join(records), records.Length, stride, [], 0);
    }

    private static byte[] RdataOf(DnsRecord.Srv service)
    {
        byte[] target = WireName.Encode(service.Target);
        byte[] rdata = new byte[6 + target.Length];

        // All of them have the same priority. A target is never compressed (RFC 2782).
        BinaryPrimitives.WriteUInt16BigEndian(rdata.AsSpan(2), service.Weight);
        BinaryPrimitives.WriteUInt16BigEndian(rdata.AsSpan(4), service.Port);
        target.CopyTo(rdata, 6);
        return rdata;
    }

    private static byte[] RecordOf(byte[] owner, IPAddress address) => RecordOf(
        owner,
        address.AddressFamily == AddressFamily.InterNetworkV6 ? RecordType.Aaaa : RecordType.A,
        ClusterZone.Ttl,
        address.GetAddressBytes());

    private static byte[] RecordOf(byte[] owner, RecordType type, uint ttl, byte[] rdata)
    {
        byte[] record = new byte[owner.Length + 10 + rdata.Length];
        owner.CopyTo(record, 0);
        Span<byte> rest = record.AsSpan(owner.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], DnsHeader.Internet);
        BinaryPrimitives.WriteUInt32BigEndian(rest[4..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(rest[8..], (ushort)rdata.Length);
        rdata.CopyTo(rest[10..]);
        return record;
    }

    private static byte[] Join(byte[][] parts) => [.. parts.SelectMany(part => part)];
}
