namespace Noded.Linux.Netlink.Conntrack;

/// <summary>CTA_* (linux/netfilter/nfnetlink_conntrack.h).</summary>
internal enum ConntrackAttribute : ushort
{
    Original = 1,
    Reply = 2,
    Id = 12,
    Zone = 18,
    Filter = 25,
}

/// <summary>CTA_TUPLE_*.</summary>
internal enum TupleAttribute : ushort
{
    Addresses = 1,
    Transport = 2,
}

/// <summary>CTA_IP_*.</summary>
internal enum TupleAddressAttribute : ushort
{
    SourceV4 = 1,
    DestinationV4 = 2,
    SourceV6 = 3,
    DestinationV6 = 4,
}

/// <summary>CTA_PROTO_*.</summary>
internal enum TupleTransportAttribute : ushort
{
    Protocol = 1,
    SourcePort = 2,
    DestinationPort = 3,
}

/// <summary>CTA_FILTER_*.</summary>
internal enum FilterAttribute : ushort
{
    OriginalFlags = 1,
    ReplyFlags = 2,
}
