using System.Collections.Immutable;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>
/// One step of a rule. Registers are counted in words of four bytes, 0 to 15: an IPv6 address takes four of them. A step
/// that does not match ends the rule.
/// </summary>
public abstract record NfExpression
{
    private NfExpression()
    {
    }

    /// <summary>Loads bytes of a packet's header.</summary>
    public sealed record Payload(NfHeader Header, uint Offset, uint Length, int To = 0) : NfExpression;

    /// <summary>Loads what is known of a packet beside its bytes.</summary>
    public sealed record Meta(NfMeta Key, int To = 0) : NfExpression;

    /// <summary>Sets it.</summary>
    public sealed record SetMeta(NfMeta Key, int From = 0) : NfExpression;

    /// <summary>Loads what is known of the packet's connection.</summary>
    public sealed record Connection(NfConnection Key, int To = 0) : NfExpression;

    /// <summary>Loads RTN_*, the type of the route to the packet's destination.</summary>
    public sealed record DestinationType(int To = 0) : NfExpression;

    /// <summary>Goes on when a register holds, or does not hold, these bytes.</summary>
    public sealed record Compare(ImmutableArray<byte> Value, bool IsEqual = true, int From = 0) : NfExpression;

    /// <summary>register = (register &amp; mask) ^ xor.</summary>
    public sealed record Bitwise(ImmutableArray<byte> Mask, ImmutableArray<byte> Xor, int Register = 0) : NfExpression;

    /// <summary>Goes on when a set has the key in the registers; loads a map's value.</summary>
    public sealed record Lookup(string Set, int From = 0, int? To = null) : NfExpression;

    /// <summary>Does what the map says of the key in the registers.</summary>
    public sealed record LookupVerdict(string Map, int From = 0) : NfExpression;

    public sealed record Immediate(NfVerdict Verdict) : NfExpression;

    public sealed record Masquerade : NfExpression;

    /// <summary>Drops the packet and tells its sender that the port is unreachable, by ICMP of its family.</summary>
    public sealed record Reject : NfExpression;

    /// <summary>The packet's new destination.</summary>
    public sealed record DestinationNat(NfFamily Family, int Address, int Port) : NfExpression;
}
