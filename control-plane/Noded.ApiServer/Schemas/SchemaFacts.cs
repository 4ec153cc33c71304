using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;

namespace Noded.ApiServer.Schemas;

/// <summary>Reads <c>types.tsv</c>, which packaging/schemas/extract.py made.</summary>
internal sealed class SchemaFacts
{
    private readonly Dictionary<string, SchemaType> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string[]>> _rows = new(StringComparer.Ordinal);

    private SchemaFacts()
    {
    }

    /// <summary>All structures by name.</summary>
    public static FrozenDictionary<string, SchemaType> Read(IEnumerable<string> lines)
    {
        SchemaFacts facts = new();
        List<string[]> rows = [];
        foreach (string[] cells in lines.Where(line => line.Length > 0).Select(line => line.Split('\t')))
        {
            if (cells is ["type", string name])
            {
                rows = facts._rows[name] = [];
                facts._types[name] = new SchemaType(name, SchemaKind.Structure);
            }
            else
            {
                rows.Add(cells);
            }
        }

        SchemaType[] structures = [.. facts._types.Values];
        foreach (SchemaType type in structures)
        {
            type.Define([.. facts._rows[type.Name].Select(facts.Field)]);
        }

        foreach (SchemaType type in structures)
        {
            type.Flatten();
        }

        return structures.ToFrozenDictionary(type => type.Name, StringComparer.Ordinal);
    }

    private SchemaField Field(string[] cells)
    {
        string[] list = Cell(cells, 4).Split(':');
        string[] strategies = Cell(cells, 5).Split(',');
        return new SchemaField(cells[0], TypeOf(cells[1]), int.Parse(cells[2], CultureInfo.InvariantCulture))
        {
            IsRequired = cells[3].Contains('r', StringComparison.Ordinal),
            IsPointer = cells[3].Contains('p', StringComparison.Ordinal),
            OmitsEmpty = cells[3].Contains('e', StringComparison.Ordinal),
            IsInline = cells[3].Contains('i', StringComparison.Ordinal),
            ListType = list[0],
            MapKeys = list.Length > 1 ? [.. list[1].Split(',')] : [],
            Merges = strategies.Contains("merge"),
            RetainsKeys = strategies.Contains("retainKeys"),
            MergeKey = Cell(cells, 6),
            Default = Cell(cells, 7) is { Length: > 0 } value ? value : null,
            Values = Cell(cells, 8) is { Length: > 0 } values ? [.. values.Split(',')] : [],
        };
    }

    private static string Cell(string[] cells, int index) => index < cells.Length ? cells[index] : "";

    private SchemaType TypeOf(string name)
    {
        if (_types.TryGetValue(name, out SchemaType? known))
        {
            return known;
        }

        SchemaType type = name switch
        {
            _ when name.StartsWith("items[]", StringComparison.Ordinal) =>
                new SchemaType(name[5..], SchemaKind.List, TypeOf(name[7..])) { IsWrapped = true },
            _ when name.StartsWith("[]", StringComparison.Ordinal) =>
                new SchemaType(name, SchemaKind.List, TypeOf(name[2..])),
            _ when name.StartsWith("{}", StringComparison.Ordinal) =>
                new SchemaType(name, SchemaKind.Map, TypeOf(name[2..])),
            _ => new SchemaType(name, KindOf(name)),
        };
        _types.Add(name, type);
        return type;
    }

    private static SchemaKind KindOf(string name) => name switch
    {
        "string" => SchemaKind.Text,
        "bool" => SchemaKind.Boolean,
        "int32" or "int64" or "uint32" or "uint64" => SchemaKind.Integer,
        "float64" => SchemaKind.Number,
        "bytes" => SchemaKind.Bytes,
        "time" => SchemaKind.Time,
        "microtime" => SchemaKind.MicroTime,
        "duration" => SchemaKind.Duration,
        "quantity" => SchemaKind.Quantity,
        "intorstring" => SchemaKind.IntOrString,
        "fields" => SchemaKind.Fields,
        "raw" => SchemaKind.Raw,
        _ => throw new FormatException($"There is no type {name}."),
    };
}
