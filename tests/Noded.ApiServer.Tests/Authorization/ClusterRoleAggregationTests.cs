using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;

namespace Noded.ApiServer.Tests.Authorization;

public sealed class ClusterRoleAggregationTests
{
    [Fact]
    public void Compute_RolesWithTheLabels_GiveTheirRulesInOrderAndOnce()
    {
        JsonObject role = Parse("""
            {"metadata":{"name":"all","labels":{"of":"all"}},
             "aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"of":"all"}},{"matchExpressions":[{"key":"extra","operator":"Exists"}]}]},
             "rules":[{"verbs":["delete"],"apiGroups":[""],"resources":["pods"]}]}
            """);
        JsonObject[] roles =
        [
            role,
            Parse("""{"metadata":{"name":"z","labels":{"of":"all"}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}"""),
            Parse("""{"metadata":{"name":"b","labels":{"of":"all"}},"rules":[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]}"""),
            Parse("""{"metadata":{"name":"e","labels":{"extra":""}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"],"nonResourceURLs":["/x"]}]}"""),
            Parse("""{"metadata":{"name":"a","labels":{"of":"none"}},"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}"""),
        ];

        JsonArray rules = ClusterRoleAggregation.Compute(role, roles);

        Assert.Equal(
            """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"],"nonResourceURLs":["/x"]}]""",
            rules.ToJsonString());
    }

    [Fact]
    public void Bootstrap_Admin_HasWhatEditAndViewHave()
    {
        JsonObject[] roles = [.. BootstrapPolicy.ClusterRoles()];
        JsonObject Of(string name) => roles.Single(role => role["metadata"]!["name"]!.ToString() == name);

        PolicyRule[] held = [.. Of("admin")["rules"]!.AsArray().Select(rule => PolicyRule.Of(rule!.AsObject()))];
        foreach (string part in (string[])["edit", "view", "system:aggregate-to-admin"])
        {
            Assert.Empty(RuleCoverage.Missing(held, Of(part)["rules"]!.AsArray().Select(rule => PolicyRule.Of(rule!.AsObject()))));
        }

        Assert.Equal("true", Of("view")["metadata"]!["labels"]!["rbac.authorization.k8s.io/aggregate-to-edit"]!.ToString());
        Assert.Equal("true", Of("edit")["metadata"]!["labels"]!["rbac.authorization.k8s.io/aggregate-to-admin"]!.ToString());
    }

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
