using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Noded.Dns.Wire;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>
/// An address, or the beginning of one, read from a name below in-addr.arpa or ip6.arpa: a label for each 8 or 4 bits,
/// the last ones first (RFC 1035, 3.5; RFC 3596, 2.5).
/// </summary>
internal readonly struct ReverseAddress
{
    private readonly Octets _octets;
    private readonly bool _isV6;
    private readonly int _units;

    private ReverseAddress(Octets octets, bool isV6, int units, bool hasMore)
    {
        _octets = octets;
        _isV6 = isV6;
        _units = units;
        HasMore = hasMore;
    }

    /// <summary>Whether labels are left that are no part of an address.</summary>
    public bool HasMore { get; }

    public bool IsWhole => _units == (_isV6 ? 32 : 4);

    /// <summary>The address; only of a whole one.</summary>
    public UInt128 Key => AddressKey.Of(((ReadOnlySpan<byte>)_octets)[..(_isV6 ? 16 : 4)]);

    private int UnitBits => _isV6 ? 4 : 8;

    public static bool TryRead(in DnsQuery query, out ReverseAddress address)
    {
        address = default;
        int labels = query.LabelCount - 2;
        if (labels < 0 || !query.Label(labels + 1).SequenceEqual("arpa"u8))
        {
            return false;
        }

        bool isV6 = query.Label(labels).SequenceEqual("ip6"u8);
        if (!isV6 && !query.Label(labels).SequenceEqual("in-addr"u8))
        {
            return false;
        }

        Octets octets = default;
        int units = 0;
        while (units < Math.Min(labels, isV6 ? 32 : 4) && TryReadUnit(query.Label(labels - 1 - units), isV6, out byte unit))
        {
            octets[isV6 ? units / 2 : units] |= isV6 && units % 2 == 0 ? (byte)(unit << 4) : unit;
            units++;
        }

        address = new ReverseAddress(octets, isV6, units, hasMore: units < labels);
        return true;
    }

    /// <summary>The zone that the address is in: of how many labels it has before "in-addr.arpa". Null when it is in none.</summary>
    public int? ZoneOf(ImmutableArray<IPPrefix> ranges)
    {
        IPAddress? address = null;
        foreach (IPPrefix range in ranges)
        {
            int units = (range.Length + UnitBits - 1) / UnitBits;
            if (range.IsV6 == _isV6
                && units <= _units
                && range.Contains(address ??= new IPAddress(((ReadOnlySpan<byte>)_octets)[..(_isV6 ? 16 : 4)])))
            {
                return units;
            }
        }

        return null;
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> label, bool isV6, out byte unit)
    {
        // No leading zeros: the name of an address is one.
        return isV6
            ? byte.TryParse(label, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit) && label.Length == 1
            : byte.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out unit)
                && (label.Length == 1 || label[0] != (byte)'0');
    }

    [InlineArray(16)]
    private struct Octets
    {
        private byte _first;
    }
}
