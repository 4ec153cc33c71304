using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Patches;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Http;

/// <summary>Reads patches and says what they do to an object.</summary>
internal sealed class PatchHandler
{
    private const string Accepted =
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

    /// <summary>What the body of the request does to an object.</summary>
    public async Task<Func<JsonObject, JsonObject>> ReadAsync(HttpContext context, SchemaType type, string groupVersion)
    {
        string mediaType = BodyReader.MediaType(context);
        byte[] body = await BodyReader.ReadBytesAsync(context);
        ReadDocument read = Read(body);
        Func<JsonObject, JsonObject> change = mediaType switch
        {
            "application/json-patch+json" => target => JsonPatch.Apply(target, read.Root),
            "application/merge-patch+json" => target => Merge(target, Object(read)),
            "application/strategic-merge-patch+json" => target => MergeStrategically(target, Object(read), type),
            _ => throw ApiStatusException.UnsupportedMediaType(Accepted),
        };
        return target => Apply(context, change, target, type, groupVersion);
    }

    private static JsonObject Apply(
        HttpContext context,
        Func<JsonObject, JsonObject> change,
        JsonObject target,
        SchemaType type,
        string groupVersion)
    {
        string? revision = target.At("metadata", "resourceVersion").AsText();
        try
        {
            JsonObject changed = change(target);
            BodyReader.Conform(context, changed, [], type, groupVersion);
            changed["apiVersion"] = groupVersion;
            changed["kind"] = type.ShortName;

            // What the object had when it was read is no wish of the client; another version is.
            if (changed.At("metadata", "resourceVersion").AsText() == revision)
            {
                changed.Object("metadata")?.Remove("resourceVersion");
            }

            return changed;
        }
        catch (PatchException e)
        {
            throw e.IsUnprocessable
                ? new ApiStatusException(422, "Invalid", $"the server rejected our request due to an error in our request: {e.Message}")
                : ApiStatusException.BadRequest(e.Message);
        }
    }

    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        MergePatch.Apply(target, patch);
        return target;
    }

    private static JsonObject MergeStrategically(JsonObject target, JsonObject patch, SchemaType type)
    {
        StrategicMergePatch.Apply(target, patch, type);
        return target;
    }

    private static ReadDocument Read(byte[] body)
    {
        try
        {
            return DocumentReader.ReadJson(body);
        }
        catch (DocumentException e)
        {
            throw ApiStatusException.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    private static JsonObject Object(ReadDocument read) =>
        read.Root as JsonObject ?? throw new PatchException("error decoding patch: the patch is no object");
}
