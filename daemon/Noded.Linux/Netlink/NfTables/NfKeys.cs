namespace Noded.Linux.Netlink.NfTables;

/// <summary>NFT_PAYLOAD_*_HEADER.</summary>
public enum NfHeader
{
    Network = 1,
    Transport = 2,
}

/// <summary>NFT_META_*.</summary>
public enum NfMeta
{
    /// <summary>32 bits, in the machine's order.</summary>
    Mark = 3,

    /// <summary>16 bytes, the rest zero.</summary>
    InputLinkName = 6,

    /// <summary>A byte, an <see cref="NfFamily"/>.</summary>
    Family = 15,

    /// <summary>A byte, an IPPROTO_*.</summary>
    TransportProtocol = 16,
}

/// <summary>NFT_CT_*.</summary>
public enum NfConnection
{
    /// <summary>32 bits in the machine's order, NF_CT_STATE_BIT of enum ip_conntrack_info.</summary>
    State = 0,

    /// <summary>32 bits in the machine's order, IPS_*.</summary>
    Status = 2,
}
