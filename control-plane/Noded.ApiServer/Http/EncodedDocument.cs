using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Http;

/// <summary>
/// A document that does not change, made when it is first asked for and kept compressed, as almost every client wants
/// it; clients that have it are told so.
/// </summary>
internal sealed class EncodedDocument(string mediaType, Func<byte[]> make)
{
    private readonly Lazy<(byte[] Packed, int Length, string Tag)> _encoded = new(() =>
    {
        byte[] body = make();
        using MemoryStream packed = new();
        using (GZipStream zip = new(packed, CompressionLevel.Optimal))
        {
            zip.Write(body);
        }

        return (packed.ToArray(), body.Length, Convert.ToHexString(SHA256.HashData(body)));
    });

    public EncodedDocument(string mediaType, Func<JsonObject> make)
        : this(mediaType, () => make().ToUtf8())
    {
    }

    public async Task WriteAsync(HttpContext context)
    {
        (byte[] packed, int length, string tag) = _encoded.Value;
        string quoted = $"\"{tag}\"";
        HttpResponse response = context.Response;
        response.Headers.ETag = quoted;
        response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch.ToString() == quoted)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (ResponseWriter.Compresses(context, length))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept, Accept-Encoding";
            await ResponseWriter.WritePlainAsync(context, 200, mediaType, packed);
            return;
        }

        byte[] body = new byte[length];
        using (GZipStream zip = new(new MemoryStream(packed), CompressionMode.Decompress))
        {
            zip.ReadExactly(body);
        }

        await ResponseWriter.WritePlainAsync(context, 200, mediaType, body);
    }
}
