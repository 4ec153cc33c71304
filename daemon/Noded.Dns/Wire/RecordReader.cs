using System.Buffers.Binary;

namespace Noded.Dns.Wire;

/// <summary>Steps through the records of a message that nobody vouches for. It ends: each step goes on by 11 bytes or more.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> message, int offset)
{
    private const int FixedLength = 10;

    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>Where the present record begins.</summary>
    public int Offset { get; private set; }

    /// <summary>Where it ends and the next begins.</summary>
    public int End { get; private set; } = offset;

    public RecordType Type { get; private set; }

    public readonly int TtlOffset => RdataOffset - 6;

    public int RdataOffset { get; private set; }

    public readonly int RdataLength => End - RdataOffset;

    public readonly uint Ttl => BinaryPrimitives.ReadUInt32BigEndian(_message[TtlOffset..]);

    public readonly ReadOnlySpan<byte> Rdata => _message[RdataOffset..End];

    /// <summary>Goes to the next record; false when there is no whole one.</summary>
    public bool Read()
    {
        int fixedPart = WireName.Skip(_message, End);
        if (fixedPart < 0 || fixedPart + FixedLength > _message.Length)
        {
            return false;
        }

        int rdata = fixedPart + FixedLength;
        int end = rdata + BinaryPrimitives.ReadUInt16BigEndian(_message[(fixedPart + 8)..]);
        if (end > _message.Length)
        {
            return false;
        }

        Offset = End;
        End = end;
        RdataOffset = rdata;
        Type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(_message[fixedPart..]);
        return true;
    }

    /// <summary>Writes the present record without pointers, where its type may have any.</summary>
    /// <returns>The length written; 0 when it is malformed or does not fit.</returns>
    public readonly int Expand(Span<byte> to)
    {
        int owner = WireName.Expand(_message, Offset, to);
        if (owner == 0 || to.Length < owner + FixedLength + RdataLength)
        {
            return 0;
        }

        _message.Slice(RdataOffset - FixedLength, FixedLength).CopyTo(to[owner..]);
        Span<byte> rdata = to[(owner + FixedLength)..];
        int length = RdataLength;
        if (Type is RecordType.Cname or RecordType.Dname or RecordType.Ns or RecordType.Ptr)
        {
            length = WireName.Expand(_message, RdataOffset, rdata);
            if (length == 0)
            {
                return 0;
            }

            BinaryPrimitives.WriteUInt16BigEndian(to[(owner + FixedLength - 2)..], (ushort)length);
        }
        else
        {
            Rdata.CopyTo(rdata);
        }

        return owner + FixedLength + length;
    }
}
