using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Noded.Linux.Netlink;

/// <summary>
/// Writes attributes of one level of a message: those of another level do not compile. Disposing the writer of a nested
/// level patches its length.
/// </summary>
internal readonly struct AttributeWriter<TAttribute>(NetlinkMessageBuilder message, int start) : IDisposable
    where TAttribute : unmanaged, Enum
{
    // NLA_F_NESTED; rtnetlink ignores it, nf_tables and strict parsers ask for it.
    private const ushort Nested = 0x8000;

    internal void Put(TAttribute attribute, ReadOnlySpan<byte> value) => message.Put(Number(attribute), value);

    internal void Put(TAttribute attribute, byte value) => message.Put(Number(attribute), [value]);

    internal void Put(TAttribute attribute, ushort value) => PutValue(attribute, value);

    internal void Put(TAttribute attribute, uint value) => PutValue(attribute, value);

    internal void Put(TAttribute attribute, int value) => PutValue(attribute, value);

    /// <summary>In network order, as nf_tables wants its numbers.</summary>
    internal void PutBigEndian(TAttribute attribute, uint value) => message.PutBigEndian(Number(attribute), value);

    /// <summary>A struct of the kernel's.</summary>
    internal void PutValue<T>(TAttribute attribute, in T value)
        where T : unmanaged => message.Put(Number(attribute), MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>With the terminating zero.</summary>
    internal void Put(TAttribute attribute, string value) => message.Put(Number(attribute), Encoding.UTF8.GetBytes(value + '\0'));

    /// <summary>Four or sixteen bytes, in network order.</summary>
    internal void Put(TAttribute attribute, IPAddress value) => message.Put(Number(attribute), value.GetAddressBytes());

    /// <summary>An attribute without a value.</summary>
    internal void Put(TAttribute attribute) => message.Put(Number(attribute), []);

    /// <summary>Opens a level below <paramref name="attribute"/>.</summary>
    internal AttributeWriter<TNested> Nest<TNested>(TAttribute attribute)
        where TNested : unmanaged, Enum =>
        new(message, message.BeginAttribute((ushort)(Number(attribute) | Nested)));

    /// <summary>A level that begins with a struct before its attributes.</summary>
    internal void Header<T>(in T header)
        where T : unmanaged => message.Header(in header);

    public void Dispose()
    {
        if (start >= 0)
        {
            message.EndNest(start);
        }
    }

    private static ushort Number(TAttribute attribute) => Unsafe.BitCast<TAttribute, ushort>(attribute);
}
