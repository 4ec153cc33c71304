using System.Diagnostics;
using System.Text.Json;

namespace Noded.Api.Yaml;

/// <summary>Writes a source tree as JSON, just as it stands, or with the fields of every object in order.</summary>
internal static class SourceNodeWriter
{
    public static void Write(Utf8JsonWriter writer, SourceNode node, bool sorted = false)
    {
        switch (node)
        {
            case SourceNode.Null:
                writer.WriteNullValue();
                break;
            case SourceNode.Bool { Value: bool value }:
                writer.WriteBooleanValue(value);
                break;
            case SourceNode.Number { Value: string number }:
                writer.WriteRawValue(number);
                break;
            case SourceNode.Text { Value: string text }:
                writer.WriteStringValue(text);
                break;
            case SourceNode.Sequence sequence:
                writer.WriteStartArray();
                foreach (SourceNode item in sequence.Items)
                {
                    Write(writer, item, sorted);
                }

                writer.WriteEndArray();
                break;
            case SourceNode.Mapping mapping:
                writer.WriteStartObject();
                foreach (SourceEntry entry in sorted ? mapping.Sorted() : mapping.Entries)
                {
                    writer.WritePropertyName(entry.Key);
                    Write(writer, entry.Value, sorted);
                }

                writer.WriteEndObject();
                break;
            default:
                throw new UnreachableException($"Unhandled {node.GetType().Name}.");
        }
    }
}
