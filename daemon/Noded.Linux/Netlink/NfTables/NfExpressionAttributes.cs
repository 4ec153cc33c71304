namespace Noded.Linux.Netlink.NfTables;

/// <summary>NFTA_EXPR_*.</summary>
internal enum ExpressionAttribute : ushort
{
    Name = 1,
    Parameters = 2,
}

/// <summary>NFTA_IMMEDIATE_*.</summary>
internal enum ImmediateAttribute : ushort
{
    Destination = 1,
    Value = 2,
}

/// <summary>NFTA_PAYLOAD_*.</summary>
internal enum PayloadAttribute : ushort
{
    Destination = 1,
    Header = 2,
    Offset = 3,
    Length = 4,
}

/// <summary>NFTA_META_*.</summary>
internal enum MetaAttribute : ushort
{
    Destination = 1,
    Key = 2,
    Source = 3,
}

/// <summary>NFTA_CT_*.</summary>
internal enum CtAttribute : ushort
{
    Destination = 1,
    Key = 2,
}

/// <summary>NFTA_FIB_*.</summary>
internal enum FibAttribute : ushort
{
    Destination = 1,
    Result = 2,
    Flags = 3,
}

/// <summary>NFTA_CMP_*.</summary>
internal enum CompareAttribute : ushort
{
    Source = 1,
    Operator = 2,
    Value = 3,
}

/// <summary>NFTA_REJECT_*.</summary>
internal enum RejectAttribute : ushort
{
    Type = 1,
    Code = 2,
}

/// <summary>NFTA_BITWISE_*.</summary>
internal enum BitwiseAttribute : ushort
{
    Source = 1,
    Destination = 2,
    Length = 3,
    Mask = 4,
    Xor = 5,
}

/// <summary>NFTA_LOOKUP_*.</summary>
internal enum LookupAttribute : ushort
{
    Set = 1,
    Source = 2,
    Destination = 3,
}

/// <summary>NFTA_NAT_*.</summary>
internal enum NatAttribute : ushort
{
    Type = 1,
    Family = 2,
    AddressMin = 3,
    AddressMax = 4,
    PortMin = 5,
    PortMax = 6,
}

/// <summary>NFTA_MASQ_*; none is used, for it has no parameters here.</summary>
internal enum MasqueradeAttribute : ushort
{
    Flags = 1,
}
