using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink;

/// <summary>
/// Writes one netlink request: header, the family's fixed part, attributes. The only code that knows that everything is
/// aligned to four bytes (netlink(7), linux/netlink.h). Integers are in the machine's order unless an attribute says
/// otherwise.
/// </summary>
/// <param name="type">nlmsg_type.</param>
internal sealed class NetlinkMessageBuilder(ushort type, NetlinkFlags flags)
{
    internal const int HeaderLength = 16;
    internal const int AttributeHeaderLength = 4;

    // Enough for every link, address and route; rule sets grow it.
    private byte[] _buffer = new byte[256];
    private int _length = HeaderLength;

    internal ushort Type => type;

    internal bool IsDump => (flags & NetlinkFlags.Dump) == NetlinkFlags.Dump;

    internal static int Align(int length) => (length + 3) & ~3;

    /// <summary>Appends the fixed part that the message's type calls for.</summary>
    internal NetlinkMessageBuilder Header<T>(in T header)
        where T : unmanaged
    {
        MemoryMarshal.Write(Extend(Marshal.SizeOf<T>()), in header);
        return this;
    }

    /// <summary>What follows are attributes of this type.</summary>
    internal AttributeWriter<TAttribute> Attributes<TAttribute>()
        where TAttribute : unmanaged, Enum => new(this, start: -1);

    /// <summary>The whole message, its header filled in.</summary>
    internal ReadOnlySpan<byte> Finish(uint sequence, uint portId, NetlinkFlags extraFlags = NetlinkFlags.None)
    {
        Span<byte> message = _buffer.AsSpan(0, _length);
        MemoryMarshal.Write(message, (uint)_length);
        MemoryMarshal.Write(message[4..], type);
        MemoryMarshal.Write(message[6..], (ushort)(flags | extraFlags | NetlinkFlags.Request));
        MemoryMarshal.Write(message[8..], sequence);
        MemoryMarshal.Write(message[12..], portId);
        return message;
    }

    internal int BeginAttribute(ushort attribute)
    {
        int start = _length;
        Span<byte> header = Extend(AttributeHeaderLength);
        MemoryMarshal.Write(header[2..], attribute);
        return start;
    }

    /// <summary>The length of an attribute counts its header, but not the padding behind it.</summary>
    internal void EndAttribute(int start, int length) => MemoryMarshal.Write(_buffer.AsSpan(start), (ushort)length);

    internal void EndNest(int start) => EndAttribute(start, _length - start);

    internal void Put(ushort attribute, ReadOnlySpan<byte> value)
    {
        // A length has 16 bits.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, ushort.MaxValue - AttributeHeaderLength);
        int start = BeginAttribute(attribute);
        value.CopyTo(Extend(value.Length));
        EndAttribute(start, AttributeHeaderLength + value.Length);
    }

    internal void PutBigEndian(ushort attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Put(attribute, bytes);
    }

    private Span<byte> Extend(int length)
    {
        int start = _length;
        int end = start + Align(length);

        if (end > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(end, 2 * _buffer.Length));
        }

        _length = end;
        return _buffer.AsSpan(start, length);
    }
}
