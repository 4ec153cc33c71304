using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Authorization;

/// <summary>The rules of ClusterRoles that are made of others' (pkg/controller/clusterroleaggregation).</summary>
internal static class ClusterRoleAggregation
{
    /// <summary>Whether a role's rules are those of other roles.</summary>
    public static bool IsAggregated(JsonObject role) => role.Object("aggregationRule") is not null;

    /// <summary>
    /// The rules that an aggregated role has to have: for each of its selectors those of the roles with such labels, in
    /// the order of their names, none of them twice.
    /// </summary>
    public static JsonArray Compute(JsonObject role, IEnumerable<JsonObject> clusterRoles)
    {
        ImmutableArray<JsonObject> others = [.. clusterRoles
            .Where(other => other.Name() != role.Name())
            .OrderBy(other => other.Name(), StringComparer.Ordinal)];
        JsonArray rules = [];
        foreach (JsonObject selector in role.Object("aggregationRule").Objects("clusterRoleSelectors"))
        {
            LabelSelector labels = LabelSelector.Of(selector);
            foreach (JsonObject rule in others.Where(other => labels.Matches(other.Labels())).SelectMany(other => other.Objects("rules")))
            {
                if (!rules.Any(present => JsonNode.DeepEquals(present, rule)))
                {
                    rules.Add(rule.DeepClone());
                }
            }
        }

        return rules;
    }
}
