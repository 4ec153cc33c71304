using System.Buffers.Binary;

namespace Noded.ApiServer.Documents;

/// <summary>Reads the wire format of protobuf; every length is checked against what is there.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A field's number and its wire type.</summary>
    public (int Number, int WireType) ReadTag()
    {
        ulong tag = ReadVarint();
        return tag >> 3 is > 0 and <= 536_870_911
            ? ((int)(tag >> 3), (int)(tag & 7))
            : throw Malformed("a field's number is out of range");
    }

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_rest.IsEmpty)
            {
                throw Malformed("unexpected EOF");
            }

            byte next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Malformed("integer overflow");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        ulong length = ReadVarint();
        return length <= (ulong)_rest.Length ? Take((int)length) : throw Malformed("unexpected EOF");
    }

    public ulong ReadFixed64() =>
        _rest.Length >= 8 ? BinaryPrimitives.ReadUInt64LittleEndian(Take(8)) : throw Malformed("unexpected EOF");

    public void Skip(int wireType)
    {
        switch (wireType)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                ReadFixed64();
                break;
            case 2:
                ReadBytes();
                break;
            case 5 when _rest.Length >= 4:
                Take(4);
                break;
            default:
                throw Malformed($"illegal wireType {wireType}");
        }
    }

    public static DocumentException Malformed(string message) => new($"proto: {message}");

    private ReadOnlySpan<byte> Take(int length)
    {
        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
