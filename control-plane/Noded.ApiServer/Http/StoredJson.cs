using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

using Noded.Store;

namespace Noded.ApiServer.Http;

/// <summary>
/// Objects as clients read them, made of the bytes that are kept: all that these lack is the version, which is put
/// in front of the other metadata. Nothing is decoded.
/// </summary>
internal static class StoredJson
{
    private const int LongestRevision = 20;

    /// <summary>How many bytes an object has at most.</summary>
    public static int MaxLength(KeyValue stored) =>
        stored.Value.Length + "\"resourceVersion\":\"\","u8.Length + LongestRevision;

    public static void Write(IBufferWriter<byte> output, KeyValue stored)
    {
        ReadOnlySpan<byte> document = stored.Value.Span;
        int start = MetadataStart(document);
        Span<byte> version = stackalloc byte[LongestRevision];
        Utf8Formatter.TryFormat(stored.ModRevision, version, out int length);
        output.Write(document[..start]);
        output.Write("\"resourceVersion\":\""u8);
        output.Write(version[..length]);
        output.Write("\","u8);
        output.Write(document[start..]);
    }

    /// <summary>Where the fields of the metadata begin; every object that is kept has some.</summary>
    private static int MetadataStart(ReadOnlySpan<byte> document)
    {
        Utf8JsonReader reader = new(document);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata)
            {
                return (int)reader.TokenStartIndex + 1;
            }

            reader.Skip();
        }

        throw new Documents.DocumentException("the store holds an object without metadata");
    }
}
