using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Authorization;

/// <summary>
/// What a start of the server does to the roles and bindings of every cluster that are there already: it adds what is
/// missing of what they have to have, and takes nothing away (pkg/registry/rbac/reconciliation).
/// </summary>
internal static class PolicyReconciliation
{
    private const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    /// <summary>Whether its owner has asked that it be left alone.</summary>
    public static bool IsProtected(JsonObject existing) =>
        existing.Object("metadata").Object("annotations").Text(AutoUpdate) == "false";

    /// <summary>Whether a binding is another role's now, which cannot be changed but only made anew.</summary>
    public static bool BindsAnother(JsonObject existing, JsonObject expected) =>
        !IsProtected(existing) && !JsonNode.DeepEquals(existing["roleRef"], expected["roleRef"]);

    /// <summary>Changes <paramref name="existing"/> and returns it.</summary>
    public static JsonObject Role(JsonObject existing, JsonObject expected)
    {
        if (IsProtected(existing))
        {
            return existing;
        }

        Merge(existing, expected);
        if (expected.Object("aggregationRule") is { } aggregation)
        {
            // The rules are the aggregation's then.
            Add(existing.ObjectOrNew("aggregationRule"), "clusterRoleSelectors", aggregation.Objects("clusterRoleSelectors"));
            return existing;
        }

        ImmutableArray<PolicyRule> missing = RuleCoverage.Missing(
            [.. existing.Objects("rules").Select(PolicyRule.Of)], expected.Objects("rules").Select(PolicyRule.Of));
        Add(existing, "rules", missing.Select(rule => rule.ToJson()));
        return existing;
    }

    /// <summary>Changes <paramref name="existing"/> and returns it.</summary>
    public static JsonObject Binding(JsonObject existing, JsonObject expected)
    {
        if (IsProtected(existing))
        {
            return existing;
        }

        Merge(existing, expected);
        Add(existing, "subjects", expected.Objects("subjects"));
        return existing;
    }

    /// <summary>Labels and annotations that are there stay as they are.</summary>
    private static void Merge(JsonObject existing, JsonObject expected)
    {
        foreach (string name in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            foreach ((string key, JsonNode? value) in expected.Metadata().Object(name) ?? [])
            {
                existing.Metadata().ObjectOrNew(name).TryAdd(key, value?.DeepClone());
            }
        }
    }

    private static void Add(JsonObject target, string list, IEnumerable<JsonObject> items)
    {
        foreach (JsonObject item in items)
        {
            if (target[list] is not JsonArray present)
            {
                target[list] = present = [];
            }

            if (!present.Any(other => JsonNode.DeepEquals(other, item)))
            {
                present.Add(item.DeepClone());
            }
        }
    }
}
