using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>Reads and writes the specification's JSON documents.</summary>
public static class CniDocument
{
    /// <exception cref="CniException">It is no JSON, or a field has the wrong type.</exception>
    public static T Read<T>(ReadOnlySpan<byte> document, JsonTypeInfo<T> type, string operation)
        where T : class
    {
        try
        {
            ThrowIfUnusable(document);
            return JsonSerializer.Deserialize(document, type) ?? throw NoObject(operation);
        }
        catch (JsonException e)
        {
            throw Undecodable(operation, e);
        }
    }

    /// <summary>A result of any version that we speak.</summary>
    public static CniResult ReadResult(ReadOnlySpan<byte> document, string operation) =>
        Read(document, CniJson.Default.CniResult, operation);

    /// <summary>The bytes of a result in the shape that <paramref name="version"/> defines.</summary>
    public static byte[] Write(CniResult result, CniVersion version) =>
        JsonSerializer.SerializeToUtf8Bytes(result.ConvertTo(version), CniJson.Default.CniResult);

    internal static T Read<T>(JsonElement element, JsonTypeInfo<T> type, string operation)
        where T : class
    {
        try
        {
            return element.Deserialize(type) ?? throw NoObject(operation);
        }
        catch (JsonException e)
        {
            throw Undecodable(operation, e);
        }
    }

    /// <summary>
    /// No list of the specification's or of a plugin's has a place for null, and no text for a zero: what is refused here
    /// for all need not be looked for wherever a list is walked or a text becomes a path.
    /// </summary>
    private static void ThrowIfUnusable(ReadOnlySpan<byte> document)
    {
        if (!Utf8.IsValid(document))
        {
            throw new JsonException("the document is not UTF-8.");
        }

        Utf8JsonReader reader = new(document);

        // A bit per level, of which the reader allows 64: whether it is a list.
        ulong lists = 0;

        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    lists <<= 1;
                    break;
                case JsonTokenType.StartArray:
                    lists = (lists << 1) | 1;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    lists >>= 1;
                    break;
                case JsonTokenType.Null when (lists & 1) != 0:
                    throw new JsonException($"an element of a list is null, at byte {reader.TokenStartIndex}.");
                case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped && !IsText(ref reader):
                    throw new JsonException($"a text has a zero or half a character, at byte {reader.TokenStartIndex}.");
            }
        }
    }

    /// <summary>Escapes can write what no text has.</summary>
    private static bool IsText(ref Utf8JsonReader reader)
    {
        try
        {
            return !reader.GetString()!.Contains('\0', StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static CniException Undecodable(string operation, JsonException e)
    {
        // What a converter of ours refuses comes with its path beside the message instead of in it.
        string path = e.Path is null || e.Message.Contains("Path: ", StringComparison.Ordinal) ? "" : $" Path: {e.Path}.";
        return new CniException(CniErrorCode.DecodingFailure, $"{operation}: {e.Message}{path}", innerException: e);
    }

    private static CniException NoObject(string operation) =>
        new(CniErrorCode.DecodingFailure, $"{operation}: the document is null");
}
