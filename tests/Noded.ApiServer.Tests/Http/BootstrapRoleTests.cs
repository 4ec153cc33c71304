using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>The roles that every cluster has, over the server's life. Tests here restart the server.</summary>
public sealed class BootstrapRoleTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    private const string Bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    private const string Merge = "application/merge-patch+json";

    [Fact]
    public async Task Start_RoleLacksRules_AddsThemAndKeepsWhatIsMore()
    {
        await api.SendAsync("PATCH", $"{Roles}/system:kube-scheduler", """{"rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["things"]}]}""", Merge);
        await api.SendAsync("PATCH", $"{Bindings}/system:kube-scheduler", """{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"other"}]}""", Merge);

        await api.RestartAsync();

        (_, JsonNode role) = await api.SendAsync("GET", $"{Roles}/system:kube-scheduler");
        (_, JsonNode binding) = await api.SendAsync("GET", $"{Bindings}/system:kube-scheduler");
        string rules = role["rules"]!.ToJsonString();
        Assert.Contains("example.com", rules, StringComparison.Ordinal);
        Assert.Contains("pods/binding", rules, StringComparison.Ordinal);
        Assert.Equal(["other", "system:kube-scheduler"], binding["subjects"]!.AsArray().Select(subject => subject!["name"]!.ToString()));
    }

    [Fact]
    public async Task Start_RoleIsProtected_IsLeftAlone()
    {
        await api.SendAsync(
            "PATCH",
            $"{Roles}/system:volume-scheduler",
            """{"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}},"rules":[]}""",
            Merge);

        await api.RestartAsync();

        (_, JsonNode role) = await api.SendAsync("GET", $"{Roles}/system:volume-scheduler");
        Assert.Empty(role["rules"]!.AsArray());
    }

    [Fact]
    public async Task Start_RoleIsGoneOrABindingIsAnothers_MakesThemAnew()
    {
        await api.SendAsync("DELETE", $"{Roles}/system:kube-dns");
        await api.SendAsync("DELETE", $"{Bindings}/system:monitoring");
        await api.SendAsync("POST", Bindings, """
            {"metadata":{"name":"system:monitoring"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
             "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"other"}]}
            """);

        await api.RestartAsync();

        (int found, _) = await api.SendAsync("GET", $"{Roles}/system:kube-dns");
        (_, JsonNode binding) = await api.SendAsync("GET", $"{Bindings}/system:monitoring");
        Assert.Equal(200, found);
        Assert.Equal("system:monitoring", binding["roleRef"]!["name"]!.ToString());
    }

    [Fact]
    public async Task Start_NothingIsMissing_WritesNothing()
    {
        (_, JsonNode before) = await api.SendAsync("GET", $"{Roles}?labelSelector=kubernetes.io/bootstrapping");

        await api.RestartAsync();

        (_, JsonNode after) = await api.SendAsync("GET", $"{Roles}?labelSelector=kubernetes.io/bootstrapping");
        Assert.Equal(Versions(before), Versions(after));
    }

    [Fact]
    public async Task Aggregate_RoleWithTheLabelComesAndGoes_IsPartOfViewEditAndAdmin()
    {
        string name = $"agg-{Guid.NewGuid():N}";
        (_, JsonNode view) = await api.SendAsync("GET", $"{Roles}/view");
        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{Roles}?watch=true&fieldSelector=metadata.name%3Dadmin&resourceVersion={view["metadata"]!["resourceVersion"]}");
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        await api.SendAsync("POST", Roles, $$$"""
            {"metadata":{"name":"{{{name}}}","labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}},
             "rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["{{{name}}}"]}]}
            """);
        await UntilAsync(lines, admin => admin.Contains(name, StringComparison.Ordinal));
        (_, JsonNode grown) = await api.SendAsync("GET", $"{Roles}/view");
        await api.SendAsync("DELETE", $"{Roles}/{name}");
        await UntilAsync(lines, admin => !admin.Contains(name, StringComparison.Ordinal));
        (_, JsonNode shrunk) = await api.SendAsync("GET", $"{Roles}/view");

        Assert.Contains(name, grown["rules"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(view["rules"], shrunk["rules"]));
    }

    private static async Task UntilAsync(StreamReader lines, Func<string, bool> holds)
    {
        while (true)
        {
            string line = await lines.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new IOException("The watch has ended.");
            if (holds(line))
            {
                return;
            }
        }
    }

    private static IEnumerable<string> Versions(JsonNode list) =>
        list["items"]!.AsArray().Select(item => $"{item!["metadata"]!["name"]} {item["metadata"]!["resourceVersion"]}");
}
