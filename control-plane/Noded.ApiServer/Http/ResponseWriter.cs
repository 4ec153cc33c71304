using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Tables;

namespace Noded.ApiServer.Http;

/// <summary>Writes answers in the form that the client prefers.</summary>
internal sealed class ResponseWriter(TimeProvider clock)
{
    private const int CompressFrom = 128 << 10;
    private const string Json = "application/json";
    private const string Accepted = "application/json, application/vnd.kubernetes.protobuf";

    /// <summary>One object.</summary>
    public Task WriteAsync(HttpContext context, int code, Resource resource, JsonObject document) =>
        AcceptHeader.Form(context.Request) switch
        {
            AnswerForm.Json => WriteJsonAsync(context, code, document),
            AnswerForm.Protobuf => WriteProtobufAsync(context, code, document, SchemaOf(document) ?? resource.Definition.Schema),
            AnswerForm.Table => WriteJsonAsync(context, code, TableOf(context, resource, [document], document.Object("metadata"))),
            AnswerForm.Partial => WriteJsonAsync(context, code, PartialOf(context, document)),
            _ => throw ApiStatusException.NotAcceptable(Accepted),
        };

    /// <summary>Objects and where the list can be continued.</summary>
    public Task WriteListAsync(HttpContext context, Resource resource, ObjectList list)
    {
        JsonObject metadata = MetadataOf(list.Revision, list.Continue, list.Remaining);
        switch (AcceptHeader.Form(context.Request))
        {
            case AnswerForm.Json:
                return WriteJsonAsync(context, 200, ListOf(resource.Definition, metadata, list.Items));
            case AnswerForm.Protobuf:
                JsonObject document = ListOf(resource.Definition, metadata, list.Items);
                return SchemaOf(document) is { } type
                    ? WriteProtobufAsync(context, 200, document, type)
                    : WriteJsonAsync(context, 200, document);
            case AnswerForm.Table:
                return WriteJsonAsync(context, 200, TableOf(context, resource, list.Items, metadata));
            case AnswerForm.Partial:
                string version = AcceptHeader.MetaVersion(context.Request);
                return WriteJsonAsync(context, 200, new JsonObject
                {
                    ["kind"] = "PartialObjectMetadataList",
                    ["apiVersion"] = version,
                    ["metadata"] = metadata,
                    ["items"] = new JsonArray([.. list.Items.Select(item => PartialOf(context, item))]),
                });
            default:
                throw ApiStatusException.NotAcceptable(Accepted);
        }
    }

    /// <summary>A watch's object as a table of one row; only the first table of a watch says what its columns are.</summary>
    public JsonObject TableOf(HttpContext context, Resource resource, JsonObject document, bool isFirst)
    {
        JsonObject table = TableOf(context, resource, [document], document.Object("metadata"));
        if (!isFirst)
        {
            table["columnDefinitions"] = new JsonArray();
        }

        return table;
    }

    /// <summary>A watch's bookmark as a table.</summary>
    public JsonObject BookmarkTableOf(HttpContext context, Resource resource, JsonObject bookmark, bool isFirst)
    {
        JsonObject table = TableOf(context, resource, bookmark, isFirst);
        table["metadata"] = bookmark.Metadata().Copy();
        table["rows"] = new JsonArray(TableRows.Bookmark(resource, bookmark));
        return table;
    }

    public static Task WriteStatusAsync(HttpContext context, ApiStatusException error)
    {
        if (error.RetryAfter is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return WriteJsonAsync(context, error.Code, error.ToStatus());
    }

    public static Task WriteJsonAsync(HttpContext context, int code, JsonNode document) =>
        WriteBytesAsync(context, code, Json, Encode(document));

    public static async Task WriteBytesAsync(HttpContext context, int code, string mediaType, ReadOnlyMemory<byte> body)
    {
        if (!Compresses(context, body.Length))
        {
            await WritePlainAsync(context, code, mediaType, body);
            return;
        }

        Begin(context.Response, code, mediaType);
        context.Response.Headers.ContentEncoding = "gzip";
        context.Response.Headers.Vary = "Accept-Encoding";
        await using GZipStream zip = new(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await zip.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Bytes as they are.</summary>
    public static async Task WritePlainAsync(HttpContext context, int code, string mediaType, ReadOnlyMemory<byte> body)
    {
        Begin(context.Response, code, mediaType);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static void Begin(HttpResponse response, int code, string mediaType)
    {
        response.StatusCode = code;
        response.ContentType = mediaType;
        response.Headers.CacheControl = "no-cache, private";
    }

    /// <summary>Whether an answer of a size is sent compressed (upstream: from 128 KiB on, if the client takes gzip).</summary>
    public static bool Compresses(HttpContext context, long length) =>
        length >= CompressFrom
        && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);

    private static ReadOnlyMemory<byte> Encode(JsonNode document)
    {
        ArrayBufferWriter<byte> buffer = new(4096);
        document.WriteTo(buffer);
        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private static SchemaType? SchemaOf(JsonObject document) =>
        SchemaCatalog.BuiltIn.Find(document.Text("apiVersion") ?? "", document.Text("kind") ?? "");

    private static Task WriteProtobufAsync(HttpContext context, int code, JsonObject document, SchemaType type) =>
        WriteBytesAsync(context, code, ProtobufReader.MediaType, ProtobufWriter.Write(document, type));

    /// <summary>What a list says of itself.</summary>
    public static JsonObject MetadataOf(long revision, string? continuation, long? remaining)
    {
        JsonObject metadata = new() { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };
        if (continuation is not null)
        {
            metadata["continue"] = continuation;
        }

        if (remaining is { } rest)
        {
            metadata["remainingItemCount"] = rest;
        }

        return metadata;
    }

    public static JsonObject ListOf(ResourceDefinition resource, JsonObject metadata, ImmutableArray<JsonObject> items) =>
        new()
        {
            ["kind"] = $"{resource.Kind}List",
            ["apiVersion"] = resource.GroupVersion,
            ["metadata"] = metadata,
            ["items"] = new JsonArray([.. items]),
        };

    /// <summary>The metadata of an object alone.</summary>
    public static JsonObject PartialOf(HttpContext context, JsonObject document) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = AcceptHeader.MetaVersion(context.Request),
        ["metadata"] = document.Object("metadata")?.DeepClone() ?? new JsonObject(),
    };

    private JsonObject TableOf(
        HttpContext context, Resource resource, ImmutableArray<JsonObject> items, JsonObject? metadata)
    {
        string include = context.Request.Query["includeObject"].ToString();
        JsonObject listMetadata = [];
        foreach (string name in (ReadOnlySpan<string>)["resourceVersion", "continue", "remainingItemCount"])
        {
            if (metadata?[name] is { } value)
            {
                listMetadata[name] = value.DeepClone();
            }
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = AcceptHeader.MetaVersion(context.Request),
            ["metadata"] = listMetadata,
            ["columnDefinitions"] = TableRows.Columns(resource),
            ["rows"] = new JsonArray([.. items.Select(item => TableRows.Row(resource, item, include, clock.GetUtcNow()))]),
        };
    }
}
