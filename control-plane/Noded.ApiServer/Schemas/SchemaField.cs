using System.Collections.Immutable;

namespace Noded.ApiServer.Schemas;

/// <summary>A field of a structure.</summary>
/// <param name="Name">Its name in JSON; of an embedded structure, the structure's.</param>
/// <param name="Type">Its type.</param>
/// <param name="Number">Its number in protobuf, 0 where it has none.</param>
internal sealed record SchemaField(string Name, SchemaType Type, int Number)
{
    /// <summary>Whether the API's documents call it required.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether absence differs from the empty value.</summary>
    public bool IsPointer { get; init; }

    /// <summary>Whether JSON leaves out the empty value.</summary>
    public bool OmitsEmpty { get; init; }

    /// <summary>Whether JSON has its fields in place of itself.</summary>
    public bool IsInline { get; init; }

    /// <summary><c>atomic</c>, <c>set</c>, <c>map</c> or empty.</summary>
    public string ListType { get; init; } = "";

    /// <summary>The keys by which elements of a list of type <c>map</c> are told apart.</summary>
    public ImmutableArray<string> MapKeys { get; init; } = [];

    /// <summary>Whether a strategic merge patch merges it; else it replaces it.</summary>
    public bool Merges { get; init; }

    /// <summary>Whether a strategic merge patch drops the keys it does not name in <c>$retainKeys</c>.</summary>
    public bool RetainsKeys { get; init; }

    /// <summary>The key by which a strategic merge patch tells elements apart; empty for lists of scalars.</summary>
    public string MergeKey { get; init; } = "";

    /// <summary>The default, as JSON.</summary>
    public string? Default { get; init; }

    /// <summary>The values it is restricted to; empty for no restriction.</summary>
    public ImmutableArray<string> Values { get; init; } = [];
}
