using Noded.Dns.Records;
using Noded.Dns.Wire;

namespace Noded.Dns.Server;

/// <summary>What became of a query that was looked at on the thread that received it.</summary>
internal enum AnswerStatus
{
    /// <summary>No answer is due.</summary>
    Silence,

    Answered,

    /// <summary>Somebody else has to be asked.</summary>
    Elsewhere,
}

/// <summary>
/// Answers from our own zones, and refuses what is no question for this server, as CoreDNS does. Allocates nothing but
/// for names that are computed (pods, reverse).
/// </summary>
internal sealed class ClusterAnswers(ClusterZone zone, ClusterRecords records)
{
    /// <summary>Aliases that are followed; CoreDNS's limit.</summary>
    internal const int MaxAliases = 8;

    private readonly ZoneLookup _lookup = new(zone, records);
    private uint _turn;

    /// <param name="limit">The longest answer that the asker takes; the buffer has as much.</param>
    /// <param name="isOurs">Whether the name is in our zones.</param>
    public AnswerStatus TryAnswer(
        in DnsQuery query, QueryError error, Span<byte> response, int limit, out int length, out bool isOurs)
    {
        isOurs = false;
        length = 0;
        if (error == QueryError.Ignore)
        {
            return AnswerStatus.Silence;
        }

        if (Refuse(query, error) is { } refusal)
        {
            length = new ResponseWriter(query, response, limit, isAuthoritative: false).Finish(refusal);
            return AnswerStatus.Answered;
        }

        NameStatus status = _lookup.Find(query, out NameRecords? found, out int zoneOffset);
        isOurs = status != NameStatus.NotOurs;
        if (!isOurs)
        {
            return AnswerStatus.Elsewhere;
        }

        ResponseWriter writer = new(query, response, limit, isAuthoritative: true);
        if (found is { Alias: not null } && query.Type is RecordType.A or RecordType.Aaaa)
        {
            if (!TryFollow(query, found, ref writer, out _))
            {
                return AnswerStatus.Elsewhere;
            }
        }
        else if (found?.Find(query.Type) is { } set)
        {
            AddTurned(ref writer, set);
            writer.AddAdditional(set.Additional, set.AdditionalCount);
        }

        length = Complete(query, ref writer, found is null, zoneOffset);
        return AnswerStatus.Answered;
    }

    /// <summary>
    /// Writes aliases, from that of a name in our zones to one outside, whose records have to be asked for.
    /// </summary>
    /// <returns>The outer name as the wire has it; null when there is none (any more).</returns>
    public byte[]? WriteAliases(in DnsQuery query, ref ResponseWriter writer) =>
        _lookup.Find(query, out NameRecords? found, out _) == NameStatus.Found
        && found is { Alias: not null }
        && !TryFollow(query, found, ref writer, out byte[]? outside)
            ? outside
            : null;

    public bool IsOurs(in DnsQuery query) => _lookup.Find(query, out _, out _) != NameStatus.NotOurs;

    private static ResponseCode? Refuse(in DnsQuery query, QueryError error) => error switch
    {
        QueryError.FormErr => ResponseCode.FormErr,
        QueryError.NotImp => ResponseCode.NotImp,
        _ when query.EdnsVersion != 0 => ResponseCode.BadVers,
        _ when query.Class != DnsHeader.Internet => ResponseCode.Refused,
        _ when query.Type is RecordType.Axfr or RecordType.Ixfr => ResponseCode.Refused,
        _ => null,
    };

    /// <summary>Aliases within our zones and the records at their end; nothing where they end in nothing.</summary>
    /// <returns>False when they lead out of our zones.</returns>
    private bool TryFollow(in DnsQuery query, NameRecords found, ref ResponseWriter writer, out byte[]? outside)
    {
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        ushort owner = ResponseWriter.QuestionPointer;
        NameRecords? current = found;
        outside = null;
        for (int i = 0; i < MaxAliases && current?.Alias is { } target; i++)
        {
            int rdata = writer.Length + 12;
            writer.AddAnswer(owner, RecordType.Cname, ClusterZone.Ttl, target);
            if (writer.IsTruncated || !DnsQuery.TryReadName(target, query.Type, buffer, out DnsQuery next))
            {
                return true;
            }

            owner = (ushort)(0xc000 | rdata);
            if (_lookup.Find(next, out current, out _) == NameStatus.NotOurs)
            {
                outside = target;
                return false;
            }

            if (current is { Alias: null } && current.Find(query.Type) is { } set)
            {
                AddAt(ref writer, owner, set);
                return true;
            }
        }

        // As CoreDNS: an alias of nothing, or a loop, is a name without records.
        writer.Clear();
        return true;
    }

    private static void AddAt(ref ResponseWriter writer, ushort owner, RecordSet set)
    {
        ReadOnlySpan<byte> rest = set.Records;
        for (int i = 0; i < set.Count; i++)
        {
            writer.AddAnswer(owner, set.Type, ClusterZone.Ttl, rest[12..set.Stride]);
            rest = rest[set.Stride..];
        }
    }

    /// <summary>Each answer begins with another of the addresses: most askers take the first.</summary>
    private void AddTurned(ref ResponseWriter writer, RecordSet set)
    {
        if (set.Stride == 0 || set.Count == 1)
        {
            writer.AddAnswers(set.Records, set.Count);
            return;
        }

        // Several threads may take the same turn; that harms nobody.
        int first = (int)(_turn++ % (uint)set.Count);
        writer.AddAnswers(set.Records.AsSpan(first * set.Stride), set.Count - first);
        writer.AddAnswers(set.Records.AsSpan(0, first * set.Stride), first);
    }

    private int Complete(in DnsQuery query, ref ResponseWriter writer, bool isMissing, int zoneOffset)
    {
        bool isApex = !isMissing && zoneOffset == 0;
        if (writer.HasAnswers)
        {
            return writer.Finish(ResponseCode.NoError);
        }

        if (isMissing && !records.HasSynced)
        {
            return writer.Finish(ResponseCode.ServFail);
        }

        Span<byte> soa = stackalloc byte[zone.SoaLength];
        zone.WriteSoa(soa, records.Serial);
        ushort owner = (ushort)(ResponseWriter.QuestionPointer + zoneOffset);
        if (isApex && query.Type == RecordType.Soa)
        {
            writer.AddAnswer(owner, RecordType.Soa, ClusterZone.Ttl, soa);
        }
        else
        {
            writer.AddAuthority(owner, RecordType.Soa, ClusterZone.Ttl, soa);
        }

        return writer.Finish(isMissing ? ResponseCode.NxDomain : ResponseCode.NoError);
    }
}
