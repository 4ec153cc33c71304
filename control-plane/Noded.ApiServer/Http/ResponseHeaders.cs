using Microsoft.AspNetCore.Http;

namespace Noded.ApiServer.Http;

/// <summary>Headers that say more than the body.</summary>
internal static class ResponseHeaders
{
    private const int LongestWarning = 256;

    /// <summary>Tells the client something that did not stop its request.</summary>
    public static void Warn(HttpContext context, string text)
    {
        string shown = text.Length > LongestWarning ? text[..LongestWarning] : text;
        string safe = string.Concat(shown.Select(character => character is < ' ' or > '~' ? ' ' : character));
        string quoted = safe.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        context.Response.Headers.Append("Warning", $"299 - \"{quoted}\"");
    }
}
