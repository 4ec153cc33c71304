using System.Buffers.Binary;

namespace Noded.Dns.Wire;

/// <summary>What reading a query came to.</summary>
internal enum QueryError
{
    None,

    /// <summary>Too short to be answered, or itself an answer: silence.</summary>
    Ignore,

    FormErr,
    NotImp,
}

/// <summary>
/// A query with its one question and what EDNS says (RFC 6891). It looks into the message and a buffer of the caller's;
/// reading it allocates nothing.
/// </summary>
internal ref struct DnsQuery
{
    /// <summary>How much the caller's buffer must hold: the name in lower case and the offsets of its labels.</summary>
    internal const int BufferLength = 256 + 128;

    private const int MinRecordLength = 11;
    private const int MaxAdditional = 2;
    private const uint DnssecOkBit = 0x8000;

    private ReadOnlySpan<byte> _labels;

    public ushort Id { get; private set; }

    public ushort Flags { get; private set; }

    /// <summary>Name, type and class as they came, in the asker's letters.</summary>
    public ReadOnlySpan<byte> Question { get; private set; }

    /// <summary>The name in lower case, uncompressed.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public RecordType Type { get; private set; }

    public ushort Class { get; private set; }

    public bool HasEdns { get; private set; }

    public byte EdnsVersion { get; private set; }

    public bool IsDnssecOk { get; private set; }

    /// <summary>What the asker takes over UDP; not below what everybody takes.</summary>
    public int UdpSize { get; private set; }

    public readonly int LabelCount => _labels.Length;

    /// <summary>Where a label begins in the name; that of the root for the number of labels.</summary>
    public readonly int OffsetOf(int label) => label < _labels.Length ? _labels[label] : Name.Length - 1;

    /// <summary>A label without its length.</summary>
    public readonly ReadOnlySpan<byte> Label(int label) => Name.Slice(_labels[label] + 1, Name[_labels[label]]);

    /// <summary>Reads a query; id and flags are set whenever there is an answer to give.</summary>
    /// <remarks>Numbers of records as miekg/dns, and so CoreDNS, takes them: more are malformed.</remarks>
    public static QueryError Read(ReadOnlySpan<byte> message, Span<byte> buffer, out DnsQuery query)
    {
        query = default;
        query.UdpSize = DnsHeader.PlainUdpSize;
        if (message.Length < DnsHeader.Length)
        {
            return QueryError.Ignore;
        }

        query.Id = BinaryPrimitives.ReadUInt16BigEndian(message);
        query.Flags = BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.FlagsOffset..]);
        if ((query.Flags & DnsHeader.Response) != 0)
        {
            return QueryError.Ignore;
        }

        if ((query.Flags & DnsHeader.OpcodeMask) != 0)
        {
            return QueryError.NotImp;
        }

        int before = BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AnswersOffset..])
            + BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AuthorityOffset..]);
        int additional = BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.AdditionalOffset..]);
        return BinaryPrimitives.ReadUInt16BigEndian(message[DnsHeader.QuestionsOffset..]) == 1
            && before <= 2 && additional <= MaxAdditional
            && query.TryReadQuestion(message, buffer, out int offset)
            && query.TryReadRecords(message, offset, before, additional)
                ? QueryError.None
                : QueryError.FormErr;
    }

    /// <summary>Reads a name as if it had been asked for, to follow an alias.</summary>
    public static bool TryReadName(ReadOnlySpan<byte> name, RecordType type, Span<byte> buffer, out DnsQuery query)
    {
        query = default;
        query.Type = type;
        query.Class = DnsHeader.Internet;
        return query.TryTakeName(name, buffer);
    }

    private bool TryTakeName(ReadOnlySpan<byte> from, Span<byte> buffer)
    {
        Span<byte> labels = buffer[256..];
        int length = WireName.CopyLower(from, buffer, labels, out int count);
        Name = buffer[..length];
        _labels = labels[..count];
        return length > 0;
    }

    private bool TryReadQuestion(ReadOnlySpan<byte> message, Span<byte> buffer, out int offset)
    {
        offset = DnsHeader.Length;
        ReadOnlySpan<byte> rest = message[offset..];
        if (!TryTakeName(rest, buffer) || rest.Length < Name.Length + 4)
        {
            return false;
        }

        Question = rest[..(Name.Length + 4)];
        Type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(rest[Name.Length..]);
        Class = BinaryPrimitives.ReadUInt16BigEndian(rest[(Name.Length + 2)..]);
        offset += Question.Length;
        return true;
    }

    private bool TryReadRecords(ReadOnlySpan<byte> message, int offset, int before, int additional)
    {
        for (int i = 0; i < before + additional; i++)
        {
            int fixedPart = WireName.Skip(message, offset);
            if (fixedPart < 0 || fixedPart + MinRecordLength - 1 > message.Length)
            {
                return false;
            }

            RecordType type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[fixedPart..]);
            int end = fixedPart + MinRecordLength - 1 + BinaryPrimitives.ReadUInt16BigEndian(message[(fixedPart + 8)..]);
            if (end > message.Length || (type == RecordType.Opt && !TryTakeEdns(message, offset, fixedPart, i >= before)))
            {
                return false;
            }

            offset = end;
        }

        return true;
    }

    private bool TryTakeEdns(ReadOnlySpan<byte> message, int owner, int fixedPart, bool isAdditional)
    {
        // One, at the root, in the additional section (RFC 6891, 6.1.1).
        if (HasEdns || !isAdditional || message[owner] != 0)
        {
            return false;
        }

        uint flags = BinaryPrimitives.ReadUInt32BigEndian(message[(fixedPart + 4)..]);
        HasEdns = true;
        UdpSize = Math.Max(
            DnsHeader.PlainUdpSize, (int)BinaryPrimitives.ReadUInt16BigEndian(message[(fixedPart + 2)..]));
        EdnsVersion = (byte)(flags >> 16);
        IsDnssecOk = (flags & DnssecOkBit) != 0;
        return true;
    }
}
