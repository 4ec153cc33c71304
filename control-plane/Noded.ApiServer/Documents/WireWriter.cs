using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Noded.ApiServer.Documents;

/// <summary>Writes the wire format of protobuf.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void WriteVarint(int number, ulong value)
    {
        WriteTag(number, 0);
        WriteRaw(value);
    }

    public void WriteFixed64(int number, ulong value)
    {
        WriteTag(number, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void WriteText(int number, string text) => WriteBytes(number, Encoding.UTF8.GetBytes(text));

    public void WriteBytes(int number, ReadOnlySpan<byte> bytes)
    {
        WriteTag(number, 2);
        WriteRaw((ulong)bytes.Length);
        _buffer.Write(bytes);
    }

    /// <summary>A message within this one.</summary>
    public void WriteMessage(int number, Action<WireWriter> write)
    {
        WireWriter inner = new();
        write(inner);
        WriteBytes(number, inner.Written);
    }

    private void WriteTag(int number, int wireType) => WriteRaw(((ulong)number << 3) | (uint)wireType);

    private void WriteRaw(ulong value)
    {
        Span<byte> span = _buffer.GetSpan(10);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
