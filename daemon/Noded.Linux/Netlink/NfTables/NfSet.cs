using System.Collections.Immutable;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>A named set of keys, or a map when it has <see cref="Values"/> or <see cref="IsVerdictMap"/>.</summary>
/// <param name="Keys">More than one makes it a concatenation.</param>
public sealed record NfSet(string Name, ImmutableArray<NfFieldType> Keys)
{
    /// <summary>The fields of a map's values; none for sets and verdict maps.</summary>
    public ImmutableArray<NfFieldType> Values { get; init; } = [];

    /// <summary>Its values are verdicts.</summary>
    public bool IsVerdictMap { get; init; }

    /// <summary>Each field of a key is a range.</summary>
    public bool IsInterval { get; init; }

    internal bool IsConcatenation => Keys.Length > 1;

    internal static uint LengthOf(ImmutableArray<NfFieldType> fields) =>
        fields.Length == 1 ? fields[0].Length : (uint)fields.Sum(field => field.PaddedLength);

    /// <summary>nft's number of a concatenation: six bits a field.</summary>
    internal static uint TypeOf(ImmutableArray<NfFieldType> fields)
    {
        uint type = 0;

        foreach (NfFieldType field in fields)
        {
            type = (type << 6) | field.Number;
        }

        return type;
    }
}
