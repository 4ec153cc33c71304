using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Documents;

/// <summary>The frame of a protobuf body: what it is and its bytes.</summary>
internal readonly record struct UnknownObject(string ApiVersion, string Kind, byte[] Raw);

/// <summary>Reads API objects from Kubernetes' protobuf encoding into documents.</summary>
internal static class ProtobufReader
{
    internal const string MediaType = "application/vnd.kubernetes.protobuf";

    internal static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <exception cref="DocumentException">The body is no framed object.</exception>
    public static UnknownObject ReadFrame(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new DocumentException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        (string apiVersion, string kind, byte[] raw) = ("", "", []);
        WireReader reader = new(body[Magic.Length..]);
        while (!reader.IsAtEnd)
        {
            (int number, int wireType) = reader.ReadTag();
            switch (number, wireType)
            {
                case (1, 2):
                    WireReader meta = new(reader.ReadBytes());
                    while (!meta.IsAtEnd)
                    {
                        (int part, int partType) = meta.ReadTag();
                        if ((part, partType) is (1, 2))
                        {
                            apiVersion = Text(meta.ReadBytes());
                        }
                        else if ((part, partType) is (2, 2))
                        {
                            kind = Text(meta.ReadBytes());
                        }
                        else
                        {
                            meta.Skip(partType);
                        }
                    }

                    break;
                case (2, 2):
                    raw = reader.ReadBytes().ToArray();
                    break;
                default:
                    reader.Skip(wireType);
                    break;
            }
        }

        return new UnknownObject(apiVersion, kind, raw);
    }

    /// <exception cref="DocumentException">The bytes are no such object.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> message, SchemaType type)
    {
        JsonObject result = [];
        ReadFields(message, type, result, 0);
        return result;
    }

    private static void ReadFields(ReadOnlySpan<byte> message, SchemaType type, JsonObject target, int depth)
    {
        if (depth > DocumentReader.MaxDepth)
        {
            throw WireReader.Malformed("nested too deep");
        }

        WireReader reader = new(message);
        while (!reader.IsAtEnd)
        {
            (int number, int wireType) = reader.ReadTag();
            if (type.Fields.FirstOrDefault(field => field.Number == number) is not { } field)
            {
                reader.Skip(wireType);
            }
            else if (field.IsInline)
            {
                ReadFields(reader.ReadBytes(), field.Type, target, depth + 1);
            }
            else
            {
                ReadField(ref reader, field, wireType, target, depth);
            }
        }
    }

    private static void ReadField(
        ref WireReader reader, SchemaField field, int wireType, JsonObject target, int depth)
    {
        SchemaType type = field.Type;
        if (type is { Kind: SchemaKind.List, IsWrapped: false })
        {
            if (target[field.Name] is not JsonArray list)
            {
                list = [];
                target[field.Name] = list;
            }

            list.Add(ReadValue(ref reader, type.Element!, wireType, depth)); // a list has an element
        }
        else if (type.Kind == SchemaKind.Map)
        {
            ReadEntry(reader.ReadBytes(), type.Element!, target.ObjectOrNew(field.Name), depth); // and so has a map
        }
        else
        {
            JsonNode? value = ReadValue(ref reader, type, wireType, depth);
            if (value is not null && (field.IsPointer || !field.OmitsEmpty || !IsEmpty(value)))
            {
                target[field.Name] = value;
            }
        }
    }

    /// <summary>What Go's encoder leaves out of JSON; protobuf has it all the same.</summary>
    private static bool IsEmpty(JsonNode value) => value switch
    {
        JsonObject map => map.Count == 0,
        JsonArray list => list.Count == 0,
        _ => value.AsText() is "" || value.AsInteger() is 0 || value.AsBoolean() is false
            || (value.AsInteger() is null && value is JsonValue number && number.TryGetValue(out double d) && d == 0),
    };

    private static void ReadEntry(ReadOnlySpan<byte> message, SchemaType element, JsonObject map, int depth)
    {
        string key = "";
        JsonNode? value = null;
        WireReader reader = new(message);
        while (!reader.IsAtEnd)
        {
            (int number, int wireType) = reader.ReadTag();
            if ((number, wireType) is (1, 2))
            {
                key = Text(reader.ReadBytes());
            }
            else if (number == 2)
            {
                value = ReadValue(ref reader, element, wireType, depth);
            }
            else
            {
                reader.Skip(wireType);
            }
        }

        map[key] = value ?? JsonValue.Create("");
    }

    private static JsonNode? ReadValue(ref WireReader reader, SchemaType type, int wireType, int depth)
    {
        int expected = type.Kind switch
        {
            SchemaKind.Boolean or SchemaKind.Integer => 0,
            SchemaKind.Number => 1,
            _ => 2,
        };
        if (wireType != expected)
        {
            throw WireReader.Malformed($"wrong wireType = {wireType} for field of type {type.Name}");
        }

        switch (type.Kind)
        {
            case SchemaKind.Boolean:
                return JsonValue.Create(reader.ReadVarint() != 0);
            case SchemaKind.Integer:
                long number = (long)reader.ReadVarint();
                return JsonValue.Create(type.Name == "int32" ? (int)number : number);
            case SchemaKind.Number:
                return JsonValue.Create(BitConverter.UInt64BitsToDouble(reader.ReadFixed64()));
            case SchemaKind.Text:
                return JsonValue.Create(Text(reader.ReadBytes()));
            case SchemaKind.Bytes:
                return JsonValue.Create(Convert.ToBase64String(reader.ReadBytes()));
            case SchemaKind.Structure:
                JsonObject structure = [];
                ReadFields(reader.ReadBytes(), type, structure, depth + 1);
                return structure;
            case SchemaKind.List:
                return ReadWrapped(reader.ReadBytes(), type.Element!, depth); // a list has an element
            default:
                return ProtobufScalars.Read(reader.ReadBytes(), type.Kind);
        }
    }

    private static JsonArray ReadWrapped(ReadOnlySpan<byte> message, SchemaType element, int depth)
    {
        JsonArray list = [];
        WireReader reader = new(message);
        while (!reader.IsAtEnd)
        {
            (int number, int wireType) = reader.ReadTag();
            if (number == 1)
            {
                list.Add(ReadValue(ref reader, element, wireType, depth));
            }
            else
            {
                reader.Skip(wireType);
            }
        }

        return list;
    }

    internal static string Text(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes)
        ? Encoding.UTF8.GetString(bytes)
        : throw WireReader.Malformed("invalid UTF-8");
}
