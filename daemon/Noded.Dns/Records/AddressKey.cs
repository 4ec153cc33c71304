using System.Buffers.Binary;
using System.Net;

namespace Noded.Dns.Records;

/// <summary>An address of either family as a number: IPv4 in its IPv6-mapped form.</summary>
internal static class AddressKey
{
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return Of(bytes[..length]);
    }

    /// <param name="address">4 or 16 bytes.</param>
    public static UInt128 Of(ReadOnlySpan<byte> address) =>
        address.Length == 4
            ? new UInt128(0, 0xffff_0000_0000ul | BinaryPrimitives.ReadUInt32BigEndian(address))
            : BinaryPrimitives.ReadUInt128BigEndian(address);
}
