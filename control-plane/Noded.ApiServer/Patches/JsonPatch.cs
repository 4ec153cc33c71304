using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Patches;

/// <summary>JSON patch, RFC 6902.</summary>
internal static class JsonPatch
{
    /// <summary>How many operations a patch may have.</summary>
    internal const int MaxOperations = 10_000;

    /// <summary>The document with all operations applied; <paramref name="source"/> stays as it is.</summary>
    /// <exception cref="PatchException">It is no patch, or does not fit.</exception>
    public static JsonObject Apply(JsonObject source, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw new PatchException("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
        }

        if (operations.Count > MaxOperations)
        {
            throw new PatchException(
                $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}", true);
        }

        JsonNode? document = source.DeepClone();
        foreach (JsonNode? operation in operations)
        {
            document = Operate(document, operation as JsonObject ?? throw new PatchException("invalid JSON patch"));
        }

        return document as JsonObject ?? throw new PatchException("the patch leaves no object", true);
    }

    private static JsonNode? Operate(JsonNode? root, JsonObject operation)
    {
        string[] path = JsonPointer.Parse(
            operation.Text("path") ?? throw new PatchException("jsonpatch: an operation has no path"));
        switch (operation.Text("op"))
        {
            case "add":
                return Add(root, path, Value(operation));
            case "remove":
                Remove(root, path);
                return root;
            case "replace":
                return Replace(root, path, Value(operation));
            case "move":
                JsonNode? moved = Remove(root, From(operation));
                return Add(root, path, moved?.DeepClone());
            case "copy":
                return Add(root, path, JsonPointer.Get(root, From(operation))?.DeepClone());
            case "test":
                if (!JsonNode.DeepEquals(Found(root, path), Value(operation)))
                {
                    throw new PatchException($"testing value {operation.Text("path")} failed", true);
                }

                return root;
            default:
                throw new PatchException($"unexpected kind: {operation["op"]?.ToJsonString() ?? "unknown"}");
        }
    }

    /// <summary>A test for null holds where there is nothing.</summary>
    private static JsonNode? Found(JsonNode? root, string[] path)
    {
        try
        {
            return JsonPointer.Get(root, path);
        }
        catch (PatchException)
        {
            return null;
        }
    }

    private static JsonNode? Value(JsonObject operation) => operation.TryGetPropertyValue("value", out JsonNode? value)
        ? value?.DeepClone()
        : throw new PatchException("jsonpatch: an operation has no value");

    private static string[] From(JsonObject operation) => JsonPointer.Parse(
        operation.Text("from") ?? throw new PatchException("jsonpatch: an operation has no from"));

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (JsonPointer.Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                return root;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                return root;
            case JsonArray list when JsonPointer.Index(path[^1], list.Count) is { } index:
                list.Insert(index, value);
                return root;
            default:
                throw JsonPointer.Missing(path);
        }
    }

    private static JsonNode? Replace(JsonNode? root, string[] path, JsonNode? value)
    {
        JsonPointer.Get(root, path);
        if (path.Length == 0)
        {
            return value;
        }

        switch (JsonPointer.Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when JsonPointer.Index(path[^1], list.Count - 1) is { } index:
                list[index] = value;
                break;
            default:
                throw JsonPointer.Missing(path);
        }

        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path)
    {
        JsonNode? removed = JsonPointer.Get(root, path);
        switch (path.Length == 0 ? null : JsonPointer.Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map.Remove(path[^1]);
                break;
            case JsonArray list when JsonPointer.Index(path[^1], list.Count - 1) is { } index:
                list.RemoveAt(index);
                break;
            default:
                throw JsonPointer.Missing(path);
        }

        return removed;
    }
}
