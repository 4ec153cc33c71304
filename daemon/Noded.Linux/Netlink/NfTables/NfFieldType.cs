namespace Noded.Linux.Netlink.NfTables;

/// <summary>One part of a set's key or value.</summary>
/// <param name="Number">What nft calls it; the kernel keeps it and never looks.</param>
/// <param name="Length">In bytes, without padding.</param>
public readonly record struct NfFieldType(byte Number, byte Length)
{
    public static NfFieldType Ipv4Address => new(7, 4);

    public static NfFieldType Ipv6Address => new(8, 16);

    /// <summary>IPPROTO_*.</summary>
    public static NfFieldType Protocol => new(12, 1);

    /// <summary>A port, in network order.</summary>
    public static NfFieldType Port => new(13, 2);

    public static NfFieldType Address(bool isV6) => isV6 ? Ipv6Address : Ipv4Address;

    /// <summary>Fields beside one another begin at multiples of four bytes, as registers do.</summary>
    internal int PaddedLength => NetlinkMessageBuilder.Align(Length);
}
