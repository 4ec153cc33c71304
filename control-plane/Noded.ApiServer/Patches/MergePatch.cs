using System.Text.Json.Nodes;

namespace Noded.ApiServer.Patches;

/// <summary>JSON merge patch, RFC 7396.</summary>
internal static class MergePatch
{
    /// <summary>Applies <paramref name="patch"/> to <paramref name="target"/> in place.</summary>
    public static void Apply(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject inner when target[name] is JsonObject existing:
                    Apply(existing, inner);
                    break;
                case JsonObject inner:
                    JsonObject made = [];
                    Apply(made, inner);
                    target[name] = made;
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }
}
