using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Noded.Primitives;

/// <summary>
/// An address with the length of its network, <c>10.244.1.7/24</c>: unlike in <see cref="IPNetwork"/>, bits beyond the
/// network may be set, as on an interface. IPv4-mapped IPv6 addresses become IPv4.
/// </summary>
public readonly record struct IPPrefix
{
    public IPPrefix(IPAddress address, int length)
    {
        Address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes());
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, BitsOf(Address));
        Length = length;
    }

    public IPAddress Address { get; }

    /// <summary>The number of leading bits that name the network.</summary>
    public int Length { get; }

    public bool IsV6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    public bool IsV4 => !IsV6;

    /// <summary>A prefix as long as the address: one host.</summary>
    public bool IsHost => Length == BitsOf(Address);

    /// <summary>The same length with all bits beyond it cleared: <c>10.244.1.0/24</c>.</summary>
    public IPPrefix Network
    {
        get
        {
            byte[] bytes = Address.GetAddressBytes();

            for (int i = 0; i < bytes.Length; i++)
            {
                int kept = Math.Clamp(Length - (8 * i), 0, 8);
                bytes[i] &= (byte)(0xff << (8 - kept));
            }

            return new IPPrefix(new IPAddress(bytes), Length);
        }
    }

    /// <summary>The prefix of one host: /32 or /128.</summary>
    public static IPPrefix Host(IPAddress address) =>
        new(address, BitsOf(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    public bool Contains(IPAddress address) =>
        address.AddressFamily == Address.AddressFamily && new IPPrefix(address, Length).Network == Network;

    public bool Overlaps(IPPrefix other) =>
        IsV6 == other.IsV6 && (Length <= other.Length ? Contains(other.Address) : other.Contains(Address));

    public static IPPrefix Parse(string text) =>
        TryParse(text, out IPPrefix prefix)
            ? prefix
            : throw new FormatException($"'{text}' is no address with a prefix length such as 10.244.0.1/24.");

    public static bool TryParse([NotNullWhen(true)] string? text, out IPPrefix prefix)
    {
        prefix = default;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;

        if (slash < 0
            || !IPAddressText.TryParse(text![..slash], out IPAddress? address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || length > BitsOf(address))
        {
            return false;
        }

        prefix = new IPPrefix(address, length);
        return true;
    }

    public bool Equals(IPPrefix other) =>
        Length == other.Length && (Address?.Equals(other.Address) ?? other.Address is null);

    public override int GetHashCode() => HashCode.Combine(Address, Length);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");

    private static int BitsOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
}
