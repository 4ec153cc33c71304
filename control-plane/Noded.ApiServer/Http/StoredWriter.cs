using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Http;

/// <summary>Writes objects as they are kept; where a client wants another form, as documents.</summary>
internal sealed class StoredWriter(ResponseWriter documents)
{
    private const int FlushFrom = 64 << 10;

    /// <summary>One object.</summary>
    public async Task WriteAsync(HttpContext context, Resource resource, KeyValue stored)
    {
        if (!IsAsKept(context, resource))
        {
            await documents.WriteAsync(context, 200, resource, ObjectReader.Decode(resource, stored));
            return;
        }

        await WriteAsync(context, StoredJson.MaxLength(stored), output =>
        {
            StoredJson.Write(output, stored);
            output.Write("\n"u8);
            return Task.CompletedTask;
        });
    }

    /// <summary>A list.</summary>
    public async Task WritePageAsync(HttpContext context, Resource resource, ObjectPage page)
    {
        if (!IsAsKept(context, resource))
        {
            await documents.WriteListAsync(context, resource, ObjectReader.Decode(resource, page));
            return;
        }

        long length = page.Objects.Sum(found => (long)StoredJson.MaxLength(found.Stored));
        await WriteAsync(context, length, output => WriteItemsAsync(output, resource, page, context.RequestAborted));
    }

    private static bool IsAsKept(HttpContext context, Resource resource) =>
        resource.IsStoredVersion && AcceptHeader.Form(context.Request) == AnswerForm.Json;

    private static async Task WriteItemsAsync(
        PipeWriter output, Resource resource, ObjectPage page, CancellationToken cancellationToken)
    {
        JsonObject head = ResponseWriter.ListOf(
            resource.Definition, ResponseWriter.MetadataOf(page.Revision, page.Continue, page.Remaining), []);
        ReadOnlySpan<byte> empty = "[]}"u8;
        output.Write(head.ToUtf8().AsSpan()[..^empty.Length]);
        output.Write("["u8);
        bool isFirst = true;
        foreach (CachedObject<ObjectFacts> found in page.Objects)
        {
            if (!isFirst)
            {
                output.Write(","u8);
            }

            isFirst = false;
            StoredJson.Write(output, found.Stored);
            if (output.UnflushedBytes >= FlushFrom)
            {
                await output.FlushAsync(cancellationToken);
            }
        }

        output.Write("]}\n"u8);
    }

    /// <summary>Sends what is written, compressed if it is worth it.</summary>
    private static async Task WriteAsync(HttpContext context, long length, Func<PipeWriter, Task> write)
    {
        HttpResponse response = context.Response;
        response.StatusCode = 200;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-cache, private";
        if (!ResponseWriter.Compresses(context, length))
        {
            await write(response.BodyWriter);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "Accept-Encoding";
        await using GZipStream zip = new(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        PipeWriter output = PipeWriter.Create(zip, new StreamPipeWriterOptions(leaveOpen: true));
        await write(output);
        await output.CompleteAsync();
    }
}
