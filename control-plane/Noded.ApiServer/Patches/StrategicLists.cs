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
    /// Brings a list into the order that a patch asks for. Elements that only the server has keep their place before
    /// the same neighbour that followed them.
    /// </summary>
    public static void Sort(JsonArray target, JsonArray order, string mergeKey)
    {
        List<JsonNode?> keys = [.. order.Select(item => KeyOf(item, mergeKey))];
        JsonNode?[] items = [.. target];
        target.Clear();

        List<JsonNode?> ordered = [];
        foreach (JsonNode? key in keys)
        {
            ordered.AddRange(items.Where(item => JsonNode.DeepEquals(KeyOf(item, mergeKey), key)).Take(1));
        }

        // The server's own elements go where they were in relation to the elements that follow them.
        for (int i = items.Length - 1; i >= 0; i--)
        {
            JsonNode? item = items[i];
            if (!ordered.Contains(item))
            {
                int next = items.Skip(i + 1).Select(later => ordered.IndexOf(later)).FirstOrDefault(index => index >= 0, -1);
                ordered.Insert(next < 0 ? ordered.Count : next, item);
            }
        }

        foreach (JsonNode? item in ordered)
        {
            target.Add(item);
        }
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
