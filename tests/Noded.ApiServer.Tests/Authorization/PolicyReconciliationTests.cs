using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;

namespace Noded.ApiServer.Tests.Authorization;

public sealed class PolicyReconciliationTests
{
    private const string Expected = """
        {"metadata":{"name":"r","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"},"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"true"}},
         "rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]},{"verbs":["create"],"apiGroups":[""],"resources":["events"]}]}
        """;

    [Fact]
    public void Role_LacksRules_GetsThemAndKeepsItsOwn()
    {
        JsonObject role = Parse("""
            {"metadata":{"name":"r","labels":{"kubernetes.io/bootstrapping":"mine"}},
             "rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["delete"],"apiGroups":["apps"],"resources":["deployments"]}]}
            """);

        JsonObject result = PolicyReconciliation.Role(role, Parse(Expected));

        PolicyRule[] held = [.. result["rules"]!.AsArray().Select(rule => PolicyRule.Of(rule!.AsObject()))];
        Assert.Empty(RuleCoverage.Missing(held, Parse(Expected)["rules"]!.AsArray().Select(rule => PolicyRule.Of(rule!.AsObject()))));
        Assert.Equal(["delete"], held[1].Verbs);
        Assert.Equal("mine", result["metadata"]!["labels"]!["kubernetes.io/bootstrapping"]!.ToString());
        Assert.Equal("true", result["metadata"]!["annotations"]!["rbac.authorization.kubernetes.io/autoupdate"]!.ToString());
    }

    [Fact]
    public void Role_HasEverything_IsAsItWas()
    {
        JsonObject role = Parse(Expected);

        Assert.True(JsonNode.DeepEquals(Parse(Expected), PolicyReconciliation.Role(role, Parse(Expected))));
    }

    [Fact]
    public void Role_Protected_IsLeftAlone()
    {
        const string Protected = """{"metadata":{"name":"r","annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}},"rules":[]}""";

        Assert.True(JsonNode.DeepEquals(Parse(Protected), PolicyReconciliation.Role(Parse(Protected), Parse(Expected))));
    }

    [Fact]
    public void Role_Aggregated_GetsItsSelectorsAndNoRules()
    {
        JsonObject role = Parse("""{"metadata":{"name":"r"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"own":"1"}}]},"rules":[]}""");
        JsonObject expected = Parse("""
            {"metadata":{"name":"r"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"of":"r"}}]},
             "rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}
            """);

        JsonObject result = PolicyReconciliation.Role(role, expected);

        Assert.Equal(
            """{"clusterRoleSelectors":[{"matchLabels":{"own":"1"}},{"matchLabels":{"of":"r"}}]}""", result["aggregationRule"]!.ToJsonString());
        Assert.Empty(result["rules"]!.AsArray());
    }

    [Fact]
    public void Binding_LacksASubject_GetsItAndKeepsItsOwn()
    {
        JsonObject binding = Parse("""{"metadata":{"name":"b"},"roleRef":{"name":"r"},"subjects":[{"kind":"User","name":"own"}]}""");
        JsonObject expected = Parse("""{"metadata":{"name":"b"},"roleRef":{"name":"r"},"subjects":[{"kind":"User","name":"of"}]}""");

        JsonObject result = PolicyReconciliation.Binding(binding, expected);

        Assert.Equal("""[{"kind":"User","name":"own"},{"kind":"User","name":"of"}]""", result["subjects"]!.ToJsonString());
        Assert.False(PolicyReconciliation.BindsAnother(binding, expected));
        Assert.True(PolicyReconciliation.BindsAnother(Parse("""{"metadata":{"name":"b"},"roleRef":{"name":"other"}}"""), expected));
    }

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
