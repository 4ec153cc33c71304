namespace Noded.Linux.Netlink.NfTables;

/// <summary>NFTA_LIST_*.</summary>
internal enum ListAttribute : ushort
{
    Element = 1,
}

/// <summary>NFTA_HOOK_*.</summary>
internal enum HookAttribute : ushort
{
    Number = 1,
    Priority = 2,
}

/// <summary>NFTA_TABLE_*.</summary>
internal enum TableAttribute : ushort
{
    Name = 1,
    Flags = 2,
    Use = 3,
    UserData = 6,
}

/// <summary>NFTA_CHAIN_*.</summary>
internal enum ChainAttribute : ushort
{
    Table = 1,
    Name = 3,
    Hook = 4,
    Policy = 5,
    Use = 6,
    Type = 7,
    UserData = 12,
}

/// <summary>NFTA_RULE_*.</summary>
internal enum RuleAttribute : ushort
{
    Table = 1,
    Chain = 2,
    Expressions = 4,
}

/// <summary>NFTA_SET_*.</summary>
internal enum SetAttribute : ushort
{
    Table = 1,
    Name = 2,
    Flags = 3,
    KeyType = 4,
    KeyLength = 5,
    DataType = 6,
    DataLength = 7,
    Description = 9,
    Id = 10,
    UserData = 13,
}

/// <summary>NFTA_SET_DESC_*.</summary>
internal enum SetDescriptionAttribute : ushort
{
    Concatenation = 2,
}

/// <summary>NFTA_SET_FIELD_*.</summary>
internal enum SetFieldAttribute : ushort
{
    Length = 1,
}

/// <summary>NFTA_SET_ELEM_LIST_*.</summary>
internal enum ElementListAttribute : ushort
{
    Table = 1,
    Set = 2,
    Elements = 3,
}

/// <summary>NFTA_SET_ELEM_*.</summary>
internal enum ElementAttribute : ushort
{
    Key = 1,
    Value = 2,
    UserData = 6,
    KeyEnd = 10,
}

/// <summary>NFTA_DATA_*.</summary>
internal enum ValueAttribute : ushort
{
    Value = 1,
    Verdict = 2,
}

/// <summary>NFTA_VERDICT_*.</summary>
internal enum VerdictAttribute : ushort
{
    Code = 1,
    Chain = 2,
}

/// <summary>NFTA_GEN_*.</summary>
internal enum GenerationAttribute : ushort
{
    Id = 1,
}

/// <summary>NFNL_BATCH_*.</summary>
internal enum BatchAttribute : ushort
{
    Generation = 1,
}
