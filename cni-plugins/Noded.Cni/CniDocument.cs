using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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

    private static CniException Undecodable(string operation, JsonException e)
    {
        // What a converter of ours refuses comes with its path beside the message instead of in it.
        string path = e.Message.Contains("Path: ", StringComparison.Ordinal) ? "" : $" Path: {e.Path}.";
        return new CniException(CniErrorCode.DecodingFailure, $"{operation}: {e.Message}{path}", innerException: e);
    }

    private static CniException NoObject(string operation) =>
        new(CniErrorCode.DecodingFailure, $"{operation}: the document is null");
}
