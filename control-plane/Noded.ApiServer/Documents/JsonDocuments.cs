using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Documents;

/// <summary>
/// Reading and writing of values in API documents. Numbers in documents are always <see cref="long"/> or
/// <see cref="double"/>, so that two equal documents are equal whoever made them.
/// </summary>
internal static class JsonDocuments
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = DocumentReader.MaxDepth + 8,
        SkipValidation = true,
    };

    public static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static JsonArray? Array(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray;

    /// <summary>The objects of a list; none where there is no list.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, string name) =>
        node.Array(name)?.OfType<JsonObject>() ?? [];

    /// <summary>The texts of a list; none where there is no list.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, string name) =>
        node.Array(name)?.Select(item => item.AsText()).OfType<string>() ?? [];

    public static string? Text(this JsonNode? node, string name) => (node as JsonObject)?[name].AsText();

    public static long? Integer(this JsonNode? node, string name) => (node as JsonObject)?[name].AsInteger();

    public static bool? Boolean(this JsonNode? node, string name) => (node as JsonObject)?[name].AsBoolean();

    public static string? AsText(this JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static long? AsInteger(this JsonNode? node) => node is not JsonValue value
        ? null
        : value.TryGetValue(out long number) ? number : value.TryGetValue(out int small) ? small : null;

    public static bool? AsBoolean(this JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    /// <summary>Follows names from one object into the next; null where the way ends.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            node = (node as JsonObject)?[name];
        }

        return node;
    }

    /// <summary>The object under a name, made if it is not there.</summary>
    public static JsonObject ObjectOrNew(this JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            child = [];
            parent[name] = child;
        }

        return child;
    }

    /// <summary>Sets a value unless there is one; an empty text counts as none.</summary>
    public static void Default(this JsonObject parent, string name, JsonNode value)
    {
        if (parent[name] is null || parent[name].AsText() is "")
        {
            parent[name] = value;
        }
    }

    public static JsonObject Copy(this JsonObject source) => (JsonObject)source.DeepClone();

    public static byte[] ToUtf8(this JsonNode node)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        node.WriteTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    public static void WriteTo(this JsonNode node, IBufferWriter<byte> buffer)
    {
        using Utf8JsonWriter writer = new(buffer, WriterOptions);
        node.WriteTo(writer);
    }
}
