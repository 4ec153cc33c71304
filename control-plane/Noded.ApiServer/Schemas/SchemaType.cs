using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Noded.ApiServer.Schemas;

/// <summary>A type of the API. Structures refer to one another, so their fields are given once all are known.</summary>
internal sealed class SchemaType(string name, SchemaKind kind, SchemaType? element = null)
{
    /// <summary>As the facts write it: <c>core/v1.Pod</c>, <c>[]string</c>, <c>int32</c>.</summary>
    public string Name { get; } = name;

    public SchemaKind Kind { get; } = kind;

    /// <summary>What a list or a map holds.</summary>
    public SchemaType? Element { get; } = element;

    /// <summary>Whether protobuf puts the list into a message of its own.</summary>
    public bool IsWrapped { get; init; }

    /// <summary>A structure's fields as its Go type and protobuf have them, with embedded structures as one.</summary>
    public ImmutableArray<SchemaField> Fields { get; private set; } = [];

    /// <summary>A structure's fields as JSON has them, those of embedded structures among them.</summary>
    public FrozenDictionary<string, SchemaField> Properties { get; private set; } =
        FrozenDictionary<string, SchemaField>.Empty;

    /// <summary>The fields of <see cref="Properties"/> in the order of the API.</summary>
    public ImmutableArray<SchemaField> Ordered { get; private set; } = [];

    public long Minimum => Name switch { "int32" => int.MinValue, "uint32" or "uint64" => 0, _ => long.MinValue };

    public long Maximum => Name switch { "int32" => int.MaxValue, "uint32" => uint.MaxValue, _ => long.MaxValue };

    /// <summary>The type's name in Go, as its JSON decoder's messages have it.</summary>
    public string GoName => Kind switch
    {
        SchemaKind.Text => "string",
        SchemaKind.Boolean => "bool",
        SchemaKind.List => $"[]{Element!.GoName}", // a list has an element
        SchemaKind.Map => $"map[string]{Element!.GoName}", // and so has a map
        SchemaKind.Structure => $"{Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..]}",
        SchemaKind.Bytes => "[]uint8",
        _ => Name,
    };

    /// <summary>The last part of a structure's name: <c>Pod</c>.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    internal void Define(ImmutableArray<SchemaField> fields) => Fields = fields;

    internal void Flatten()
    {
        Ordered = [.. Fields.SelectMany(Flattened)];
        Properties = Ordered.ToFrozenDictionary(field => field.Name, StringComparer.Ordinal);
    }

    private static IEnumerable<SchemaField> Flattened(SchemaField field) =>
        field.IsInline ? field.Type.Fields.SelectMany(Flattened) : [field];
}
