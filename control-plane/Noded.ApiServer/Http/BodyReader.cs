using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Http;

/// <summary>What to do about fields that a type does not have.</summary>
internal enum FieldValidation
{
    Ignore,
    Warn,
    Strict,
}

/// <summary>Reads the bodies of requests.</summary>
internal static class BodyReader
{
    internal const int MaxBytes = 3 << 20;

    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    public static async Task<byte[]> ReadBytesAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBytes)
        {
            throw ApiStatusException.TooLarge(MaxBytes);
        }

        using MemoryStream body = new();
        byte[] buffer = new byte[16 << 10];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (body.Length + read > MaxBytes)
            {
                throw ApiStatusException.TooLarge(MaxBytes);
            }

            await body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
        }

        return body.ToArray();
    }

    /// <summary>The object in the body, in the form of the type it has to have.</summary>
    /// <exception cref="ApiStatusException">It is none, or another.</exception>
    public static async Task<JsonObject> ReadAsync(HttpContext context, SchemaType type, string groupVersion)
    {
        byte[] body = await ReadBytesAsync(context);
        return Decode(context, body, MediaType(context), type, groupVersion);
    }

    public static string MediaType(HttpContext context) =>
        (context.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    public static JsonObject Decode(
        HttpContext context, byte[] body, string mediaType, SchemaType type, string groupVersion)
    {
        string kind = type.ShortName;
        try
        {
            switch (mediaType)
            {
                case "" or "application/json" or "text/plain" or "*/*":
                    return Finish(context, DocumentReader.ReadJson(body), type, groupVersion);
                case "application/yaml" or "application/x-yaml" or "text/yaml":
                    return Finish(context, DocumentReader.ReadYaml(body), type, groupVersion);
                case ProtobufReader.MediaType:
                    return Protobuf(body, type, groupVersion);
                default:
                    throw ApiStatusException.UnsupportedMediaType(Accepted);
            }
        }
        catch (DocumentException e)
        {
            throw ApiStatusException.BadRequest(
                $"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; {e.Message}");
        }
    }

    /// <summary>Gives a document the form of its type; unknown fields are dropped, told or refused.</summary>
    public static void Conform(
        HttpContext context, JsonObject document, ImmutableArray<string> duplicates, SchemaType type, string groupVersion)
    {
        string version = groupVersion[(groupVersion.LastIndexOf('/') + 1)..];
        string prefix = $"{type.ShortName} in version \"{version}\" cannot be handled as a {type.ShortName}: ";
        ImmutableArray<string> unknown;
        try
        {
            unknown = SchemaDecoder.Decode(document, type);
        }
        catch (SchemaMismatchException e)
        {
            throw ApiStatusException.BadRequest(prefix + e.Message);
        }

        ImmutableArray<string> findings =
        [
            .. unknown.Select(field => $"unknown field {field}"), .. duplicates.Select(field => $"duplicate field {field}"),
        ];
        FieldValidation validation = Validation(context);
        if (findings.Length > 0 && validation == FieldValidation.Strict)
        {
            throw ApiStatusException.BadRequest($"{prefix}strict decoding error: {string.Join(", ", findings)}");
        }

        if (validation == FieldValidation.Warn)
        {
            foreach (string finding in findings)
            {
                ResponseHeaders.Warn(context, finding);
            }
        }
    }

    private static FieldValidation Validation(HttpContext context) =>
        context.Request.Query["fieldValidation"].ToString() switch
        {
            "Ignore" => FieldValidation.Ignore,
            "" or "Warn" => FieldValidation.Warn,
            "Strict" => FieldValidation.Strict,
            string other => throw new ApiStatusException(
                422,
                "Invalid",
                $"CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \"Strict\", \"Warn\""),
        };

    private static JsonObject Finish(HttpContext context, ReadDocument read, SchemaType type, string groupVersion)
    {
        JsonObject document = read.Root as JsonObject ?? throw new DocumentException(
            "json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }");
        CheckType(document.Text("apiVersion") ?? "", document.Text("kind") ?? "", type, groupVersion);
        Conform(context, document, read.Duplicates, type, groupVersion);
        return Typed(document, type, groupVersion);
    }

    private static JsonObject Protobuf(byte[] body, SchemaType type, string groupVersion)
    {
        UnknownObject frame = ProtobufReader.ReadFrame(body);
        CheckType(frame.ApiVersion, frame.Kind, type, groupVersion);
        return Typed(ProtobufReader.Read(frame.Raw, type), type, groupVersion);
    }

    /// <summary>The document with version and kind first, as one is used to read them.</summary>
    private static JsonObject Typed(JsonObject document, SchemaType type, string groupVersion)
    {
        document.Remove("apiVersion");
        document.Remove("kind");
        document.Insert(0, "kind", type.ShortName);
        document.Insert(0, "apiVersion", groupVersion);
        return document;
    }

    private static void CheckType(string apiVersion, string kind, SchemaType type, string groupVersion)
    {
        if (kind.Length > 0 && kind != type.ShortName)
        {
            throw ApiStatusException.BadRequest(
                $"the object provided is unrecognized (must be of type {type.ShortName}): {kind} in version \"{apiVersion}\"");
        }

        if (apiVersion.Length > 0 && apiVersion != groupVersion)
        {
            throw ApiStatusException.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({groupVersion})");
        }
    }
}
