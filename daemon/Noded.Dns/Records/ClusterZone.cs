using System.Collections.Immutable;
using System.Net;
using Noded.Dns.Wire;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>What this server answers for itself: the cluster's domain, and the reverse of its addresses.</summary>
/// <param name="Domain">In lower case, without a dot at its end: <c>cluster.local</c>.</param>
/// <param name="Servers">Where this server is asked.</param>
/// <param name="ReverseRanges">Addresses of Services and pods.</param>
internal sealed record ClusterZone(
    string Domain, ImmutableArray<IPAddress> Servers, ImmutableArray<IPPrefix> ReverseRanges)
{
    /// <summary>The version of the specification that the records follow.</summary>
    internal const string SchemaVersion = "1.1.0";

    /// <summary>Seconds that answers may be kept, CoreDNS's default.</summary>
    internal const uint Ttl = 5;

    private const int SerialOffsetFromEnd = 20;

    private readonly byte[] _soa = NewSoa(Domain);

    /// <summary>The domain's name on the wire.</summary>
    public byte[] Name { get; } = WireName.Encode(Domain.ToLowerInvariant());

    public int LabelCount { get; } = Domain.Split('.').Length;

    /// <summary>The length of an SOA's data.</summary>
    public int SoaLength => _soa.Length;

    /// <summary>Writes the data of the SOA record, which is the same for all zones of this server (RFC 1035, 3.3.13).</summary>
    public void WriteSoa(Span<byte> to, uint serial)
    {
        _soa.CopyTo(to);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(to[(_soa.Length - SerialOffsetFromEnd)..], serial);
    }

    private static byte[] NewSoa(string domain)
    {
        // Serial, refresh, retry, expire as CoreDNS has them, and how long a negative answer may be kept.
        uint[] numbers = [0, 7200, 1800, 86400, Ttl];
        byte[] tail = new byte[4 * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(4 * i), numbers[i]);
        }

        return
        [
            .. WireName.Encode($"ns.dns.{domain}".ToLowerInvariant()),
            .. WireName.Encode($"hostmaster.{domain}".ToLowerInvariant()),
            .. tail,
        ];
    }
}
