using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Documents;

/// <summary>Writes documents in Kubernetes' protobuf encoding.</summary>
internal static class ProtobufWriter
{
    /// <summary>The framed object; <paramref name="document"/> has the form that <paramref name="type"/> asks for.</summary>
    public static byte[] Write(JsonObject document, SchemaType type)
    {
        WireWriter frame = new();
        frame.WriteMessage(1, meta =>
        {
            meta.WriteText(1, document.Text("apiVersion") ?? "");
            meta.WriteText(2, document.Text("kind") ?? "");
        });
        frame.WriteMessage(2, writer => WriteFields(writer, document, type));
        frame.WriteText(3, "");
        frame.WriteText(4, "");
        return [.. ProtobufReader.Magic, .. frame.Written];
    }

    private static void WriteFields(WireWriter writer, JsonObject source, SchemaType type)
    {
        foreach (SchemaField field in type.Fields.Where(field => field.Number > 0).OrderBy(field => field.Number))
        {
            if (field.IsInline)
            {
                if (field.Type.Properties.Keys.Any(source.ContainsKey) || !field.IsPointer)
                {
                    writer.WriteMessage(field.Number, inner => WriteFields(inner, source, field.Type));
                }
            }
            else if (source[field.Name] is { } value)
            {
                WriteField(writer, field, value);
            }
            else if (!field.IsPointer)
            {
                WriteZero(writer, field);
            }
        }
    }

    private static void WriteField(WireWriter writer, SchemaField field, JsonNode value)
    {
        SchemaType type = field.Type;
        if (type is { Kind: SchemaKind.List, IsWrapped: false } && value is JsonArray list)
        {
            foreach (JsonNode item in list.OfType<JsonNode>())
            {
                WriteValue(writer, field.Number, type.Element!, item); // a list has an element
            }
        }
        else if (type.Kind == SchemaKind.Map && value is JsonObject map)
        {
            foreach ((string key, JsonNode? item) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                writer.WriteMessage(field.Number, entry =>
                {
                    entry.WriteText(1, key);
                    WriteValue(entry, 2, type.Element!, item ?? JsonValue.Create("")); // and so has a map
                });
            }
        }
        else
        {
            WriteValue(writer, field.Number, type, value);
        }
    }

    /// <summary>Go's values that are not pointers are on the wire even when they are empty.</summary>
    private static void WriteZero(WireWriter writer, SchemaField field)
    {
        switch (field.Type.Kind)
        {
            case SchemaKind.Text:
                writer.WriteText(field.Number, "");
                break;
            case SchemaKind.Boolean or SchemaKind.Integer:
                writer.WriteVarint(field.Number, 0);
                break;
            case SchemaKind.Number:
                writer.WriteFixed64(field.Number, 0);
                break;
            case SchemaKind.Structure:
                writer.WriteMessage(field.Number, inner => WriteFields(inner, [], field.Type));
                break;
            case SchemaKind.Time or SchemaKind.MicroTime or SchemaKind.Raw:
                writer.WriteBytes(field.Number, []);
                break;
            case SchemaKind.IntOrString:
                writer.WriteMessage(
                    field.Number, inner => ProtobufScalars.Write(inner, JsonValue.Create(0L), SchemaKind.IntOrString));
                break;
            default:
                break;
        }
    }

    private static void WriteValue(WireWriter writer, int number, SchemaType type, JsonNode value)
    {
        switch (type.Kind)
        {
            case SchemaKind.Text:
                writer.WriteText(number, value.AsText() ?? "");
                break;
            case SchemaKind.Boolean:
                writer.WriteVarint(number, value.AsBoolean() == true ? 1UL : 0);
                break;
            case SchemaKind.Integer:
                writer.WriteVarint(number, (ulong)(value.AsInteger() ?? 0));
                break;
            case SchemaKind.Number:
                writer.WriteFixed64(number, BitConverter.DoubleToUInt64Bits(
                    value.AsInteger() ?? (value.AsValue().TryGetValue(out double real) ? real : 0)));
                break;
            case SchemaKind.Bytes:
                writer.WriteBytes(number, Convert.FromBase64String(value.AsText() ?? ""));
                break;
            case SchemaKind.Structure:
                writer.WriteMessage(number, inner => WriteFields(inner, value as JsonObject ?? [], type));
                break;
            case SchemaKind.List:
                writer.WriteMessage(number, inner =>
                {
                    foreach (JsonNode item in (value as JsonArray ?? []).OfType<JsonNode>())
                    {
                        WriteValue(inner, 1, type.Element!, item); // a list has an element
                    }
                });
                break;
            default:
                writer.WriteMessage(number, inner => ProtobufScalars.Write(inner, value, type.Kind));
                break;
        }
    }
}
