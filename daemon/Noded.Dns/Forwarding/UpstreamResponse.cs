using System.Buffers.Binary;
using Noded.Dns.Wire;

namespace Noded.Dns.Forwarding;

/// <summary>
/// An answer of an upstream resolver that was read through, as it is kept: from the header to the last record before
/// EDNS, which is between two neighbours and not for the asker.
/// </summary>
internal sealed class UpstreamResponse
{
    private readonly byte[] _message;
    private readonly ushort[] _ttlOffsets;

    private UpstreamResponse(byte[] message, ushort[] ttlOffsets, ResponseCode code, uint lifetime)
    {
        _message = message;
        _ttlOffsets = ttlOffsets;
        Code = code;
        Lifetime = lifetime;
    }

    public ResponseCode Code { get; }

    /// <summary>Seconds that it may be kept by its records (RFC 2181, 5.2; RFC 2308, 5); 0 for not at all.</summary>
    public uint Lifetime { get; }

    public int Length => _message.Length;

    public bool IsTruncated => (Flags & DnsHeader.Truncated) != 0;

    /// <summary>Whether the name or its records do not exist.</summary>
    public bool IsNegative => Code == ResponseCode.NxDomain || AnswerCount == 0;

    private ushort Flags => BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(DnsHeader.FlagsOffset));

    private int AnswerCount => BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(DnsHeader.AnswersOffset));

    /// <summary>Whether a message answers a query at all: id and question are the query's.</summary>
    public static bool IsAnswerTo(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query, int questionLength)
    {
        if (message.Length < DnsHeader.Length
            || !message[..2].SequenceEqual(query[..2])
            || (BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.FlagsOffset..])
                & (DnsHeader.Response | DnsHeader.OpcodeMask)) != DnsHeader.Response)
        {
            return false;
        }

        // Servers that refuse a query unread may leave its question out.
        ReadOnlySpan<byte> counts = message[DnsHeader.QuestionsOffset..DnsHeader.Length];
        return counts.IndexOfAnyExcept((byte)0) < 0
            ? CodeOf(message) is not ResponseCode.NoError and not ResponseCode.NxDomain
            : counts[..2].SequenceEqual<byte>([0, 1]) && IsSameQuestion(message, query, questionLength);
    }

    /// <summary>Reads a message that answers the query.</summary>
    /// <returns>Null when it is malformed.</returns>
    public static UpstreamResponse? TryRead(ReadOnlySpan<byte> message, int questionLength)
    {
        ResponseCode code = CodeOf(message);
        if (message.Length < DnsHeader.Length + questionLength)
        {
            return null;
        }

        Sections sections = new(message);
        RecordReader reader = new(message, DnsHeader.Length + questionLength);
        List<ushort> ttls = [];
        uint lifetime = uint.MaxValue;
        uint? negative = null;
        for (int i = 0; i < sections.Total; i++)
        {
            int begin = reader.End;
            if (!reader.Read() || reader.End > ushort.MaxValue)
            {
                return null;
            }

            if (i >= sections.Answers + sections.Authority && reader.Type == RecordType.Opt)
            {
                // What follows is additional, too, and nobody misses it.
                sections = sections with { Additional = i - sections.Answers - sections.Authority };
                reader = new RecordReader(message, begin);
                break;
            }

            ttls.Add((ushort)reader.TtlOffset);
            lifetime = i < sections.Answers ? Math.Min(lifetime, reader.Ttl) : lifetime;
            if (i >= sections.Answers && reader is { Type: RecordType.Soa, RdataLength: >= 22 })
            {
                negative = Math.Min(reader.Ttl, BinaryPrimitives.ReadUInt32BigEndian(reader.Rdata[^4..]));
            }
        }

        byte[] kept = message[..reader.End].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(kept.AsSpan(DnsHeader.AdditionalOffset), (ushort)sections.Additional);
        bool isNegative = code == ResponseCode.NxDomain || sections.Answers == 0;
        return new UpstreamResponse(
            kept, [.. ttls], code, code is not ResponseCode.NoError and not ResponseCode.NxDomain ? 0
                : isNegative ? negative ?? 0
                : lifetime);
    }

    /// <summary>Answers a query that has the same question, with what is left of the records' time.</summary>
    /// <returns>The answer's length.</returns>
    public int Write(in DnsQuery query, TimeSpan age, Span<byte> to, int limit)
    {
        ResponseWriter writer = new(query, to, limit, isAuthoritative: false);
        writer.AddBody(_message);
        if (!writer.IsTruncated)
        {
            uint seconds = (uint)age.TotalSeconds;
            foreach (ushort offset in _ttlOffsets)
            {
                Span<byte> ttl = to[offset..];
                uint all = BinaryPrimitives.ReadUInt32BigEndian(ttl);
                BinaryPrimitives.WriteUInt32BigEndian(ttl, all - Math.Min(all, seconds));
            }
        }

        return writer.Finish(Code);
    }

    /// <summary>Adds the answers to a message about another name, as far as they fit.</summary>
    public void AddAnswersTo(ref ResponseWriter writer)
    {
        Span<byte> expanded = stackalloc byte[1024];
        RecordReader reader = new(_message, WireName.Skip(_message, DnsHeader.Length) + 4);
        for (int i = 0; i < AnswerCount && reader.Read(); i++)
        {
            int length = reader.Expand(expanded);
            if (length > 0)
            {
                writer.AddAnswers(expanded[..length], 1);
            }
        }
    }

    private static ResponseCode CodeOf(ReadOnlySpan<byte> message) =>
        (ResponseCode)(BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.FlagsOffset..]) & DnsHeader.CodeMask);

    private static bool IsSameQuestion(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query, int length)
    {
        if (message.Length < DnsHeader.Length + length)
        {
            return false;
        }

        for (int i = DnsHeader.Length; i < DnsHeader.Length + length; i++)
        {
            // Servers may change the case; lengths of labels and numbers below 64 have none.
            if (WireName.ToLower(message[i]) != WireName.ToLower(query[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many records each section has.</summary>
    private readonly record struct Sections(int Answers, int Authority, int Additional)
    {
        public Sections(ReadOnlySpan<byte> message)
            : this(
                BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AnswersOffset..]),
                BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AuthorityOffset..]),
                BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AdditionalOffset..]))
        {
        }

        public int Total => Answers + Authority + Additional;
    }
}
