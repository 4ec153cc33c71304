using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

using Noded.Api.Yaml;

namespace Noded.Api.Serialization;

/// <summary>
/// A source tree held against the type it is meant for. The JSON is what the deserialiser gets: without errors, it
/// cannot fail on it. Nulls are resolved as Go does it: an absent field, or the zero value inside lists and maps.
/// </summary>
internal sealed record StrictConversion(ReadOnlyMemory<byte> Json, ImmutableArray<ManifestError> Errors)
{
    public static StrictConversion Convert(string file, SourceNode node, JsonTypeInfo typeInfo, FieldPath path)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer, SourceDocument.WriterOptions);
        Walk walk = new(file, writer);

        walk.Value(node, typeInfo, path, node.Line);
        writer.Flush();
        return new StrictConversion(buffer.WrittenMemory, walk.Errors);
    }

    private sealed class Walk(string file, Utf8JsonWriter writer)
    {
        private readonly ImmutableArray<ManifestError>.Builder _errors = ImmutableArray.CreateBuilder<ManifestError>();

        public ImmutableArray<ManifestError> Errors => _errors.ToImmutable();

        public void Value(SourceNode node, JsonTypeInfo type, FieldPath path, int line)
        {
            switch (type.Kind, node)
            {
                case (JsonTypeInfoKind.Object, SourceNode.Mapping mapping):
                    Object(mapping, type, path);
                    break;
                case (JsonTypeInfoKind.Dictionary, SourceNode.Mapping mapping):
                    Dictionary(mapping, Element(type), path);
                    break;
                case (JsonTypeInfoKind.Enumerable, SourceNode.Sequence sequence):
                    Enumerable(sequence, Element(type), path);
                    break;
                case (JsonTypeInfoKind.None, _):
                    Scalar(node, type.Type, path, line);
                    break;
                case (_, SourceNode.Null):
                    Empty(type.Kind);
                    break;
                default:
                    string expected = type.Kind == JsonTypeInfoKind.Enumerable ? "array" : "object";
                    Wrong(path, line, $"cannot unmarshal {node.KindName} into {expected}");
                    break;
            }
        }

        private void Object(SourceNode.Mapping mapping, JsonTypeInfo type, FieldPath path)
        {
            writer.WriteStartObject();
            foreach (SourceEntry entry in mapping.Entries)
            {
                FieldPath field = path.Child(entry.Key);
                JsonPropertyInfo? property = type.Properties.FirstOrDefault(property => property.Name == entry.Key);
                if (property is null)
                {
                    _errors.Add(new ManifestError(file, entry.Line, "", $"unknown field \"{field}\""));
                }
                else if (entry.Value is not SourceNode.Null)
                {
                    writer.WritePropertyName(entry.Key);
                    Value(entry.Value, type.Options.GetTypeInfo(property.PropertyType), field, entry.Line);
                }
            }

            writer.WriteEndObject();
        }

        private void Dictionary(SourceNode.Mapping mapping, JsonTypeInfo element, FieldPath path)
        {
            writer.WriteStartObject();
            foreach (SourceEntry entry in mapping.Entries)
            {
                writer.WritePropertyName(entry.Key);
                Value(entry.Value, element, path.Key(entry.Key), entry.Line);
            }

            writer.WriteEndObject();
        }

        private void Enumerable(SourceNode.Sequence sequence, JsonTypeInfo element, FieldPath path)
        {
            writer.WriteStartArray();
            for (int i = 0; i < sequence.Items.Length; i++)
            {
                Value(sequence.Items[i], element, path.Index(i), sequence.Items[i].Line);
            }

            writer.WriteEndArray();
        }

        private void Scalar(SourceNode node, Type type, FieldPath path, int line)
        {
            if (StrictScalar.Check(node, type, out SourceNode value) is string message)
            {
                Wrong(path, line, message);
                return;
            }

            SourceNodeWriter.Write(writer, value);
        }

        private void Empty(JsonTypeInfoKind kind)
        {
            if (kind == JsonTypeInfoKind.Enumerable)
            {
                writer.WriteStartArray();
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            }
        }

        private void Wrong(FieldPath path, int line, string message)
        {
            _errors.Add(new ManifestError(file, line, path.Text, message));

            // The writer insists on a value after a name; nobody reads it.
            writer.WriteNullValue();
        }

        private static JsonTypeInfo Element(JsonTypeInfo type) =>
            type.Options.GetTypeInfo(type.ElementType!); // a collection
    }
}
