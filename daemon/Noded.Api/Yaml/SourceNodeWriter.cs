using System.Diagnostics;
using System.Text.Json;

namespace Noded.Api.Yaml;

/// <summary>Writes a source tree as JSON, just as it stands.</summary>
internal static class SourceNodeWriter
{
    public static void Write(Utf8JsonWriter writer, SourceNode node)
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
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case SourceNode.Mapping mapping:
                writer.WriteStartObject();
                foreach (SourceEntry entry in mapping.Entries)
                {
                    writer.WritePropertyName(entry.Key);
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
            default:
                throw new UnreachableException($"Unhandled {node.GetType().Name}.");
        }
    }
}
