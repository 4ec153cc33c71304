using System.Buffers.Binary;

namespace Noded.Dns.Wire;

/// <summary>
/// An answer to one query, written into the caller's buffer. What does not fit is left out: of the answer section with
/// the truncation bit, of the additional section in silence, as RFC 2181, 9 wants it.
/// </summary>
internal ref struct ResponseWriter
{
    /// <summary>The owner of a record as a pointer to the question's name.</summary>
    internal const ushort QuestionPointer = 0xc000 | DnsHeader.Length;

    private const int EdnsLength = 11;

    private readonly Span<byte> _buffer;
    private readonly bool _hasEdns;
    private readonly bool _isDnssecOk;
    private readonly int _limit;
    private readonly int _begin;
    private ushort _flags;

    /// <param name="limit">The whole message's; the buffer has at least as much.</param>
    public ResponseWriter(in DnsQuery query, Span<byte> buffer, int limit, bool isAuthoritative)
    {
        _buffer = buffer;
        _hasEdns = query.HasEdns;
        _isDnssecOk = query.IsDnssecOk;
        _limit = limit - (_hasEdns ? EdnsLength : 0);
        _flags = (ushort)(DnsHeader.Response | DnsHeader.RecursionAvailable
            | (isAuthoritative ? DnsHeader.Authoritative : 0)
            | (query.Flags & (DnsHeader.OpcodeMask | DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled)));
        buffer[..DnsHeader.Length].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(buffer, query.Id);
        buffer[DnsHeader.QuestionsOffset + 1] = (byte)(query.Question.IsEmpty ? 0 : 1);
        query.Question.CopyTo(buffer[DnsHeader.Length..]);
        _begin = Length = DnsHeader.Length + query.Question.Length;
    }

    public int Length { get; private set; }

    public readonly bool HasAnswers =>
        IsTruncated || BinaryPrimitives.ReadUInt16BigEndian(_buffer[DnsHeader.AnswersOffset..]) > 0;

    public readonly bool IsTruncated => (_flags & DnsHeader.Truncated) != 0;

    /// <summary>Adds whole records to the answer section, as many as fit.</summary>
    /// <param name="records">Uncompressed, or pointing into the question.</param>
    public void AddAnswers(scoped ReadOnlySpan<byte> records, int count)
    {
        if (records.Length > _limit - Length)
        {
            _flags |= DnsHeader.Truncated;
            records = Fitting(records, _limit - Length, out count);
        }

        Add(DnsHeader.AnswersOffset, records, count);
    }

    /// <summary>Adds an answer whose owner stands elsewhere in the message.</summary>
    public void AddAnswer(ushort ownerPointer, RecordType type, uint ttl, scoped ReadOnlySpan<byte> rdata)
    {
        if (12 + rdata.Length > _limit - Length)
        {
            _flags |= DnsHeader.Truncated;
            return;
        }

        WriteRecord(ownerPointer, type, ttl, rdata);
        Count(DnsHeader.AnswersOffset, 1);
    }

    /// <summary>Adds an authority record; without it the message says less, but nothing wrong.</summary>
    public void AddAuthority(ushort ownerPointer, RecordType type, uint ttl, scoped ReadOnlySpan<byte> rdata)
    {
        if (12 + rdata.Length <= _limit - Length)
        {
            WriteRecord(ownerPointer, type, ttl, rdata);
            Count(DnsHeader.AuthorityOffset, 1);
        }
    }

    /// <summary>Adds uncompressed records to the additional section, if all of them fit.</summary>
    public void AddAdditional(scoped ReadOnlySpan<byte> records, int count)
    {
        if (!IsTruncated && records.Length <= _limit - Length)
        {
            Add(DnsHeader.AdditionalOffset, records, count);
        }
    }

    /// <summary>
    /// Takes over the records of another message with the same question, whose pointers stay right; if they do not all fit,
    /// none of them, with the truncation bit.
    /// </summary>
    public void AddBody(scoped ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> body = message[Length..];
        _flags |= (ushort)(BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.FlagsOffset..])
            & (DnsHeader.AuthenticData | DnsHeader.Truncated));
        if (body.Length > _limit - Length)
        {
            _flags |= DnsHeader.Truncated;
            return;
        }

        message[DnsHeader.AnswersOffset..DnsHeader.Length].CopyTo(_buffer[DnsHeader.AnswersOffset..]);
        body.CopyTo(_buffer[Length..]);
        Length += body.Length;
    }

    /// <summary>Takes back all records: the message ends after the question.</summary>
    public void Clear()
    {
        _flags = (ushort)(_flags & ~DnsHeader.Truncated);
        Length = _begin;
        _buffer[DnsHeader.AnswersOffset..DnsHeader.Length].Clear();
    }

    /// <summary>Completes the message.</summary>
    /// <returns>Its length.</returns>
    public int Finish(ResponseCode code)
    {
        BinaryPrimitives.WriteUInt16BigEndian(
            _buffer[DnsHeader.FlagsOffset..], (ushort)(_flags | ((ushort)code & DnsHeader.CodeMask)));
        if (_hasEdns)
        {
            // The room was kept free.
            Span<byte> options = _buffer.Slice(Length, EdnsLength);
            options.Clear();
            options[2] = (byte)RecordType.Opt;
            BinaryPrimitives.WriteUInt16BigEndian(options[3..], DnsHeader.UdpSize);
            options[5] = (byte)((ushort)code >> 4);
            options[7] = (byte)(_isDnssecOk ? 0x80 : 0);
            Length += EdnsLength;
            Count(DnsHeader.AdditionalOffset, 1);
        }

        return Length;
    }

    private void WriteRecord(ushort ownerPointer, RecordType type, uint ttl, scoped ReadOnlySpan<byte> rdata)
    {
        Span<byte> record = _buffer[Length..];
        BinaryPrimitives.WriteUInt16BigEndian(record, ownerPointer);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], DnsHeader.Internet);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)rdata.Length);
        rdata.CopyTo(record[12..]);
        Length += 12 + rdata.Length;
    }

    private void Add(int section, scoped ReadOnlySpan<byte> records, int count)
    {
        records.CopyTo(_buffer[Length..]);
        Length += records.Length;
        Count(section, count);
    }

    private readonly void Count(int section, int count)
    {
        Span<byte> field = _buffer[section..];
        BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(field) + count));
    }

    private static ReadOnlySpan<byte> Fitting(ReadOnlySpan<byte> records, int room, out int count)
    {
        int end = 0;
        count = 0;
        while (end < records.Length)
        {
            int fixedPart = WireName.Skip(records, end);
            int next = fixedPart + 10 + BinaryPrimitives.ReadUInt16BigEndian(records[(fixedPart + 8)..]);
            if (next > room)
            {
                break;
            }

            end = next;
            count++;
        }

        return records[..end];
    }
}
