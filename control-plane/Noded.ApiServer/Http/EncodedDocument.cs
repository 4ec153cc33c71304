using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Http;

/// <summary>A document that does not change, made when it is first asked for; clients that have it are told so.</summary>
internal sealed class EncodedDocument(string mediaType, Func<JsonObject> make)
{
    private readonly Lazy<(byte[] Body, string Tag)> _encoded = new(() =>
    {
        byte[] body = make().ToUtf8();
        return (body, Convert.ToHexString(SHA256.HashData(body)));
    });

    /// <summary>A digest of the document.</summary>
    public string Tag => _encoded.Value.Tag;

    public Task WriteAsync(HttpContext context)
    {
        (byte[] body, string tag) = _encoded.Value;
        string quoted = $"\"{tag}\"";
        context.Response.Headers.ETag = quoted;
        context.Response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch.ToString() == quoted)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return ResponseWriter.WriteBytesAsync(context, 200, mediaType, body);
    }
}
