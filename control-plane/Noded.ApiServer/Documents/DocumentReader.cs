using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

using Noded.Api.Serialization;
using Noded.Api.Yaml;

namespace Noded.ApiServer.Documents;

/// <summary>A body that is no document at all.</summary>
internal sealed class DocumentException(string message) : Exception(message);

/// <summary>A document and the fields that were given twice in it, of which it holds the last.</summary>
internal sealed record ReadDocument(JsonNode? Root, ImmutableArray<string> Duplicates);

/// <summary>Reads JSON and YAML into documents, within bounds.</summary>
internal ref struct DocumentReader
{
    /// <summary>How deep values may be nested.</summary>
    internal const int MaxDepth = 128;

    private const int MaxDuplicates = 100;

    private static readonly SourceLimits YamlLimits = new(MaxBytes: 3 << 20, MaxDepth: MaxDepth, MaxAliasCost: 1 << 20);

    private readonly List<string> _duplicates = [];
    private readonly PathStack _path = new();
    private Utf8JsonReader _reader;

    private DocumentReader(ReadOnlySpan<byte> json) =>
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });

    /// <exception cref="DocumentException">The text is no JSON, no UTF-8, or nested too deep.</exception>
    public static ReadDocument ReadJson(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new DocumentException("json parse error: the text is not valid UTF-8");
        }

        DocumentReader reader = new(json);
        try
        {
            reader._reader.Read();
            JsonNode? root = reader.ReadValue();
            reader._reader.Read();
            return new ReadDocument(root, [.. reader._duplicates]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DocumentException($"json parse error: {e.Message}");
        }
    }

    /// <exception cref="DocumentException">The text is no YAML, no UTF-8, or asks for too much.</exception>
    public static ReadDocument ReadYaml(ReadOnlySpan<byte> yaml)
    {
        try
        {
            ImmutableArray<SourceDocument> documents = SourceReader.Read("body", yaml, YamlLimits);
            if (documents.Length != 1)
            {
                throw new DocumentException("yaml parse error: the body must be one document");
            }

            ReadDocument read = ReadJson(documents[0].Json.Span);
            return read with { Duplicates = [.. documents[0].Duplicates.Select(error => $"\"{error.Field}\"")] };
        }
        catch (ManifestException e)
        {
            throw new DocumentException($"yaml parse error: {e.Message}");
        }
    }

    private JsonNode? ReadValue()
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject();
            case JsonTokenType.StartArray:
                JsonArray array = [];
                for (_reader.Read(); _reader.TokenType != JsonTokenType.EndArray; _reader.Read())
                {
                    _path.Push(array.Count);
                    array.Add(ReadValue());
                    _path.Pop();
                }

                return array;
            case JsonTokenType.String:
                return JsonValue.Create(_reader.GetString());
            case JsonTokenType.Number:
                return _reader.TryGetInt64(out long number)
                    ? JsonValue.Create(number)
                    : JsonValue.Create(Finite(_reader.GetDouble()));
            case JsonTokenType.True or JsonTokenType.False:
                return JsonValue.Create(_reader.GetBoolean());
            default:
                return null;
        }
    }

    private JsonObject ReadObject()
    {
        JsonObject result = [];
        for (_reader.Read(); _reader.TokenType != JsonTokenType.EndObject; _reader.Read())
        {
            string name = _reader.GetString()!; // a property's name is never null
            _reader.Read();
            _path.Push(name);
            JsonNode? value = ReadValue();
            if (result.ContainsKey(name) && _duplicates.Count < MaxDuplicates)
            {
                _duplicates.Add($"\"{_path}\"");
            }

            _path.Pop();
            result[name] = value;
        }

        return result;
    }

    private static double Finite(double number) =>
        double.IsFinite(number) ? number : throw new JsonException("a number is out of range");
}
