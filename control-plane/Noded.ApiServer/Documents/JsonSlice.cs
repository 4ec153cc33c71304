using System.Text.Json;

namespace Noded.ApiServer.Documents;

/// <summary>Finds parts of documents without reading the rest of them.</summary>
internal static class JsonSlice
{
    /// <summary>The bytes of a field's value; empty if the document has no such field, or is no object.</summary>
    /// <param name="document">JSON that has been read before.</param>
    /// <param name="name">The field, at the document's top.</param>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> document, ReadOnlySpan<byte> name)
    {
        Utf8JsonReader reader = new(document);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = reader.ValueTextEquals(name);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isIt)
            {
                return document[start..(int)reader.BytesConsumed];
            }
        }

        return [];
    }
}
