using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Patches;

/// <summary>
/// Upstream's merge patch that knows the types: lists with a merge key are merged by element, and directives say what
/// to delete, to replace, to retain and in which order elements come (apimachinery, util/strategicpatch).
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";
    private const string OrderPrefix = "$setElementOrder/";

    /// <summary>Applies <paramref name="patch"/> to <paramref name="target"/> in place.</summary>
    /// <exception cref="PatchException">A directive is malformed, or an element lacks its merge key.</exception>
    public static void Apply(JsonObject target, JsonObject patch, SchemaType? type)
    {
        switch (patch.Text(Directive))
        {
            case null when patch[Directive] is null:
                break;
            case "merge":
                break;
            case "replace":
                target.Clear();
                foreach ((string name, JsonNode? value) in patch.Where(pair => pair.Key != Directive))
                {
                    target[name] = value?.DeepClone();
                }

                return;
            case "delete":
                target.Clear();
                return;
            default:
                throw new PatchException($"Unknown patch type found: {patch[Directive]?.ToJsonString()}");
        }

        Retain(target, patch);
        foreach ((string name, JsonNode? value) in patch)
        {
            if (!name.StartsWith('$'))
            {
                ApplyField(target, name, value, patch, type);
            }
        }

        ApplyListDirectives(target, patch, type);
    }

    private static void Retain(JsonObject target, JsonObject patch)
    {
        if (patch[RetainKeys] is not { } retain)
        {
            return;
        }

        HashSet<string> kept = retain is JsonArray list
            ? [.. list.Select(item => item.AsText() ?? "")]
            : throw new PatchException("invalid patch format of retainKeys");
        if (patch.FirstOrDefault(pair => !pair.Key.StartsWith('$') && pair.Value is not null && !kept.Contains(pair.Key))
            is { Key: string stray })
        {
            throw new PatchException($"{RetainKeys} list must contains all fields present in the patch: {stray}");
        }

        foreach (string name in target.Select(pair => pair.Key).Where(name => !kept.Contains(name)).ToArray())
        {
            target.Remove(name);
        }
    }

    private static void ApplyField(JsonObject target, string name, JsonNode? value, JsonObject patch, SchemaType? type)
    {
        SchemaField? field = type?.Properties.GetValueOrDefault(name);
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject inner:
                SchemaType? innerType = field?.Type ?? (type?.Kind == SchemaKind.Map ? type.Element : null);
                if (target[name] is not JsonObject existing)
                {
                    existing = [];
                    target[name] = existing;
                }

                bool isDeleted = inner.Text(Directive) == "delete";
                Apply(existing, inner, innerType);
                if (isDeleted)
                {
                    target.Remove(name);
                }

                break;
            case JsonArray list when field is { Merges: true }:
                if (target[name] is not JsonArray present)
                {
                    present = [];
                    target[name] = present;
                }

                JsonArray original = (JsonArray)present.DeepClone();
                StrategicLists.Merge(present, list, field);
                JsonArray order = patch[OrderPrefix + name] as JsonArray ?? list;
                StrategicLists.Sort(present, order, original, field.MergeKey);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static void ApplyListDirectives(JsonObject target, JsonObject patch, SchemaType? type)
    {
        foreach ((string key, JsonNode? value) in patch)
        {
            if (key.StartsWith(DeletePrefix, StringComparison.Ordinal))
            {
                JsonArray deleted = value as JsonArray ?? throw new PatchException($"{key} must be a list");
                if (target[key[DeletePrefix.Length..]] is JsonArray list)
                {
                    StrategicLists.Remove(list, deleted);
                }
            }
            else if (key.StartsWith(OrderPrefix, StringComparison.Ordinal))
            {
                JsonArray order = value as JsonArray ?? throw new PatchException($"{key} must be a list");
                string name = key[OrderPrefix.Length..];
                if (target[name] is JsonArray list && !patch.ContainsKey(name))
                {
                    JsonArray original = (JsonArray)list.DeepClone();
                    StrategicLists.Sort(list, order, original, type?.Properties.GetValueOrDefault(name)?.MergeKey ?? "");
                }
            }
        }
    }
}
