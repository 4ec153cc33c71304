using System.Globalization;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Patches;

/// <summary>Places in a document, RFC 6901.</summary>
internal static class JsonPointer
{
    public static string[] Parse(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        if (text[0] != '/')
        {
            throw new PatchException($"jsonpatch: the path \"{text}\" does not begin with a slash");
        }

        return [.. text[1..].Split('/').Select(part => part
            .Replace("~1", "/", StringComparison.Ordinal)
            .Replace("~0", "~", StringComparison.Ordinal))];
    }

    /// <exception cref="PatchException">There is nothing there.</exception>
    public static JsonNode? Get(JsonNode? root, ReadOnlySpan<string> path)
    {
        JsonNode? at = root;
        foreach (string part in path)
        {
            at = at switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out JsonNode? value) => value,
                JsonArray list when Index(part, list.Count - 1) is { } index => list[index],
                _ => throw Missing(path),
            };
        }

        return at;
    }

    /// <summary>An index within a list; null for anything else.</summary>
    public static int? Index(string part, int last) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
        && index <= last && (part.Length == 1 || part[0] != '0')
            ? index
            : null;

    public static PatchException Missing(ReadOnlySpan<string> path) => new(
        $"jsonpatch: the path \"/{string.Join('/', path.ToArray())}\" is missing in the document",
        isUnprocessable: true);
}
