using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Noded.Linux.Netlink;

/// <summary>
/// Walks the attributes of one level; ends at the first one that does not fit, as the kernel's own macros do. Bounded by
/// its span: foreign bytes cannot make it read beyond.
/// </summary>
internal ref struct AttributeReader<TAttribute>(ReadOnlySpan<byte> bytes)
    where TAttribute : unmanaged, Enum
{
    // NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the number.
    private const ushort TypeMask = 0x3fff;

    private ReadOnlySpan<byte> _rest = bytes;

    internal TAttribute Type { get; private set; }

    internal ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value as a number of the machine's order; a shorter value than that is 0.</summary>
    internal readonly uint UInt32 => MemoryMarshal.TryRead(Value, out uint value) ? value : 0;

    /// <summary>The same for attributes in network order, as nf_tables writes its numbers.</summary>
    internal readonly uint UInt32BigEndian => BinaryPrimitives.TryReadUInt32BigEndian(Value, out uint value) ? value : 0;

    internal readonly int Int32 => (int)UInt32;

    internal readonly byte Byte => Value.IsEmpty ? (byte)0 : Value[0];

    /// <summary>Up to the first zero byte.</summary>
    internal readonly string Text
    {
        get
        {
            int zero = Value.IndexOf((byte)0);
            return Encoding.UTF8.GetString(zero < 0 ? Value : Value[..zero]);
        }
    }

    internal readonly AttributeReader<TNested> Nested<TNested>()
        where TNested : unmanaged, Enum => new(Value);

    internal bool Read()
    {
        if (!MemoryMarshal.TryRead(_rest, out ushort length)
            || length < NetlinkMessageBuilder.AttributeHeaderLength
            || length > _rest.Length)
        {
            return false;
        }

        ushort type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask);
        Type = Unsafe.BitCast<ushort, TAttribute>(type);
        Value = _rest[NetlinkMessageBuilder.AttributeHeaderLength..length];
        _rest = _rest[Math.Min(NetlinkMessageBuilder.Align(length), _rest.Length)..];
        return true;
    }
}
