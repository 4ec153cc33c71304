using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Patches;

/// <summary>What a strategic merge patch does to lists.</summary>
internal static class StrategicLists
{
    /// <summary>Merges the elements of a patch into a list.</summary>
    public static void Merge(JsonArray target, JsonArray patch, SchemaField field)
    {
        if (field.MergeKey.Length == 0)
        {
            foreach (JsonNode? item in patch)
            {
                if (!target.Any(present => JsonNode.DeepEquals(present, item)))
                {
                    target.Add(item?.DeepClone());
                }
            }

            return;
        }

        bool replaces = patch.Any(item => item.Text("$patch") == "replace");
        if (replaces)
        {
            target.Clear();
        }

        foreach (JsonObject item in patch.OfType<JsonObject>())
        {
            if (item.Text("$patch") == "replace" && item[field.MergeKey] is null)
            {
                continue;
            }

            MergeElement(target, item, field);
        }

        if (patch.Any(item => item is not JsonObject))
        {
            throw new PatchException($"the elements of {field.Name} must be objects");
        }

    }

    /// <summary>Removes scalars.</summary>
    public static void Remove(JsonArray target, JsonArray removed)
    {
        for (int i = target.Count - 1; i >= 0; i--)
        {
            if (removed.Any(item => JsonNode.DeepEquals(item, target[i])))
            {
                target.RemoveAt(i);
            }
        }
    }

    /// <summary>
    /// Brings a list into the order that a patch asks for. Elements that only the server has come before an element of
    /// the patch only if they did so in the list as it was.
    /// </summary>
    public static void Sort(JsonArray target, JsonArray order, JsonArray original, string mergeKey)
    {
        List<JsonNode?> wished = [.. order.Select(item => KeyOf(item, mergeKey))];
        List<JsonNode?> before = [.. original.Select(item => KeyOf(item, mergeKey))];
        JsonNode?[] items = [.. target];
        Queue<JsonNode?> ofPatch = new(items
            .Where(item => IndexOf(wished, item, mergeKey) >= 0)
            .OrderBy(item => IndexOf(wished, item, mergeKey)));
        Queue<JsonNode?> ofServer = new(items
            .Where(item => IndexOf(wished, item, mergeKey) < 0)
            .OrderBy(item => IndexOf(before, item, mergeKey)));
        target.Clear();
        while (ofPatch.Count + ofServer.Count > 0)
        {
            bool takesServer = ofPatch.Count == 0 || (ofServer.Count > 0 && IsBefore(ofServer.Peek(), ofPatch.Peek()));
            target.Add(takesServer ? ofServer.Dequeue() : ofPatch.Dequeue());
        }

        bool IsBefore(JsonNode? server, JsonNode? patch)
        {
            int at = IndexOf(before, patch, mergeKey);
            return at >= 0 && IndexOf(before, server, mergeKey) < at;
        }
    }

    private static int IndexOf(List<JsonNode?> keys, JsonNode? item, string mergeKey)
    {
        JsonNode? key = KeyOf(item, mergeKey);
        return keys.FindIndex(candidate => JsonNode.DeepEquals(candidate, key));
    }

    private static void MergeElement(JsonArray target, JsonObject item, SchemaField field)
    {
        JsonNode key = item[field.MergeKey] ?? throw new PatchException(
            $"map: map[] does not contain declared merge key: {field.MergeKey}");
        JsonObject? existing = target.OfType<JsonObject>()
            .FirstOrDefault(present => JsonNode.DeepEquals(present[field.MergeKey], key));
        switch (item.Text("$patch"))
        {
            case "delete":
                if (existing is not null)
                {
                    target.Remove(existing);
                }

                break;
            case "replace":
                JsonObject replacement = item.Copy();
                replacement.Remove("$patch");
                if (existing is not null)
                {
                    target.Remove(existing);
                }

                target.Add((JsonNode)replacement);
                break;
            default:
                if (existing is null)
                {
                    existing = [];
                    target.Add((JsonNode)existing);
                }

                StrategicMergePatch.Apply(existing, item, field.Type.Element);
                break;
        }
    }

    private static JsonNode? KeyOf(JsonNode? item, string mergeKey) =>
        item is JsonObject element && mergeKey.Length > 0 ? element[mergeKey] : item;
}
