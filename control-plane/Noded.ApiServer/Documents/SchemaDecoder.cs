using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Documents;

/// <summary>A value that does not have the type its field has.</summary>
internal sealed class SchemaMismatchException(string message) : Exception(message);

/// <summary>
/// Gives a document the form that a schema asks for, as decoding into a typed object and encoding it again would:
/// what the schema does not know and nulls are dropped, values are checked and written canonically.
/// </summary>
internal sealed class SchemaDecoder
{
    private const int MaxUnknown = 100;

    private readonly ImmutableArray<string>.Builder _unknown = ImmutableArray.CreateBuilder<string>();
    private readonly PathStack _path = new();
    private string _owner = "";

    private SchemaDecoder()
    {
    }

    /// <summary>Changes <paramref name="document"/> and returns the fields that its type does not have, in quotes.</summary>
    /// <exception cref="SchemaMismatchException">A value has another type than its field.</exception>
    public static ImmutableArray<string> Decode(JsonObject document, SchemaType type)
    {
        SchemaDecoder decoder = new();
        decoder.Structure(document, type);
        return decoder._unknown.ToImmutable();
    }

    private void Structure(JsonObject target, SchemaType type)
    {
        string outer = _owner;
        _owner = type.ShortName;
        foreach ((string name, JsonNode? value) in target.ToArray())
        {
            if (!type.Properties.TryGetValue(name, out SchemaField? field))
            {
                Unknown(name);
                target.Remove(name);
            }
            else if (value is null)
            {
                target.Remove(name);
            }
            else
            {
                _path.Push(name);
                JsonNode? decoded = Value(value, field.Type);
                _path.Pop();
                if (!ReferenceEquals(decoded, value))
                {
                    target[name] = decoded;
                }
            }
        }

        _owner = outer;
    }

    private void Unknown(string name)
    {
        if (_unknown.Count < MaxUnknown)
        {
            _path.Push(name);
            _unknown.Add($"\"{_path}\"");
            _path.Pop();
        }
    }

    private JsonNode Value(JsonNode value, SchemaType type)
    {
        switch (type.Kind)
        {
            case SchemaKind.Structure when value is JsonObject target:
                Structure(target, type);
                return value;
            case SchemaKind.List when value is JsonArray list:
                List(list, type.Element!); // a list has an element
                return value;
            case SchemaKind.Map when value is JsonObject map:
                Map(map, type.Element!); // and so has a map
                return value;
            case SchemaKind.Structure or SchemaKind.List or SchemaKind.Map:
                throw Mismatch(value, type);
            default:
                return ScalarDecoder.Decode(value, type) is { } scalar ? scalar : throw Mismatch(value, type);
        }
    }

    private void List(JsonArray list, SchemaType element)
    {
        for (int i = 0; i < list.Count; i++)
        {
            _path.Push(i);
            JsonNode decoded = list[i] is { } item ? Value(item, element) : Zero(element);
            if (!ReferenceEquals(decoded, list[i]))
            {
                list[i] = decoded;
            }

            _path.Pop();
        }
    }

    private void Map(JsonObject map, SchemaType element)
    {
        foreach ((string key, JsonNode? value) in map.ToArray())
        {
            _path.Push(key);
            JsonNode decoded = value is null ? Zero(element) : Value(value, element);
            if (!ReferenceEquals(decoded, value))
            {
                map[key] = decoded;
            }

            _path.Pop();
        }
    }

    /// <summary>What Go makes of a null in a list or a map.</summary>
    private static JsonNode Zero(SchemaType type) => type.Kind switch
    {
        SchemaKind.Structure or SchemaKind.Map => new JsonObject(),
        SchemaKind.List => new JsonArray(),
        SchemaKind.Boolean => JsonValue.Create(false),
        SchemaKind.Integer or SchemaKind.IntOrString => JsonValue.Create(0L),
        SchemaKind.Number => JsonValue.Create(0d),
        SchemaKind.Quantity => JsonValue.Create("0"),
        _ => JsonValue.Create(""),
    };

    private SchemaMismatchException Mismatch(JsonNode value, SchemaType type)
    {
        string found = value switch
        {
            JsonObject => "object",
            JsonArray => "array",
            _ when value.AsText() is not null => "string",
            _ when value.AsBoolean() is not null => "bool",
            JsonValue number when type.Kind == SchemaKind.Integer =>
                string.Create(CultureInfo.InvariantCulture, $"number {number}"),
            _ => "number",
        };
        string path = _path.WithoutIndexes();
        return new SchemaMismatchException(
            $"json: cannot unmarshal {found} into Go struct field {_owner}.{path} of type {type.GoName}");
    }
}
