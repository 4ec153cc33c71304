using System.Text;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Nobody grants what they do not have.</summary>
public sealed class EscalationTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string ReadMaps = """{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list"]}""";
    private const string ReadSecrets = """{"apiGroups":[""],"resources":["secrets"],"verbs":["get","watch"]}""";
    private const string ManageRoles =
        """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings","clusterroles","clusterrolebindings"],"verbs":["create","update","patch","get"]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Role_WithRightsThatItsMakerHas_IsMade()
    {
        (string user, string ns) = await UserAsync(ManageRoles, ReadMaps);

        (int code, _) = await AsAsync(user, "POST", $"{Rbac}/namespaces/{ns}/roles", Role("r", ReadMaps));

        Assert.Equal(201, code);
    }

    [Fact]
    public async Task Role_WithMore_IsRefusedSayingWhat()
    {
        (string user, string ns) = await UserAsync(ManageRoles, ReadMaps);

        (int code, JsonNode refused) = await AsAsync(user, "POST", $"{Rbac}/namespaces/{ns}/roles", Role("r", $"{ReadMaps},{ReadSecrets}"));

        Assert.Equal((403, "Forbidden"), (code, refused["reason"]!.ToString()));
        Assert.Equal(
            $"roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"{user}\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"watch\"]}",
            refused["message"]!.ToString());
    }

    [Fact]
    public async Task Role_IsChangedToMore_IsRefusedAndMayKeepWhatItHad()
    {
        (string user, string ns) = await UserAsync(ManageRoles);
        await api.SendAsync("POST", $"{Rbac}/namespaces/{ns}/roles", Role("r", ReadSecrets));

        (int label, _) = await AsAsync(user, "PATCH", $"{Rbac}/namespaces/{ns}/roles/r", """{"metadata":{"labels":{"a":"b"}}}""");
        (int more, _) = await AsAsync(user, "PATCH", $"{Rbac}/namespaces/{ns}/roles/r", $$"""{"rules":[{{ReadMaps}}]}""");

        Assert.Equal((200, 403), (label, more));
    }

    [Fact]
    public async Task Role_MakerMayEscalate_IsMade()
    {
        (string user, string ns) = await UserAsync(
            ManageRoles, """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["escalate"]}""");

        (int code, _) = await AsAsync(user, "POST", $"{Rbac}/namespaces/{ns}/roles", Role("r", ReadSecrets));

        Assert.Equal(201, code);
    }

    [Fact]
    public async Task ClusterRole_ThatChoosesOthers_NeedsEverything()
    {
        (string user, _) = await UserAsync(ManageRoles);

        (int code, _) = await AsAsync(
            user,
            "POST",
            $"{Rbac}/clusterroles",
            """{"metadata":{"name":"all-of-them"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}}""");

        Assert.Equal(403, code);
    }

    [Fact]
    public async Task Binding_OfARoleWithMore_NeedsTheRightToBindIt()
    {
        (string user, string ns) = await UserAsync(ManageRoles);
        (string binder, _) = await UserAsync(
            ManageRoles,
            """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["view"],"verbs":["bind"]}""");
        string bindings = $"{Rbac}/namespaces/{ns}/rolebindings";

        (int refused, _) = await AsAsync(user, "POST", bindings, Binding("a", "ClusterRole", "view"));
        (int missing, _) = await AsAsync(user, "POST", bindings, Binding("b", "Role", "none"));
        (int bound, _) = await AsAsync(binder, "POST", bindings, Binding("c", "ClusterRole", "view"));
        (int other, _) = await AsAsync(binder, "POST", bindings, Binding("d", "ClusterRole", "edit"));

        Assert.Equal((403, 404, 201, 403), (refused, missing, bound, other));
    }

    [Theory]
    [InlineData("""{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}""", ReadSecrets, true)]
    [InlineData("""{"apiGroups":[""],"resources":["*"],"verbs":["get","watch"]}""", ReadSecrets, true)]
    [InlineData("""{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]},{"apiGroups":[""],"resources":["secrets"],"verbs":["watch"]}""", ReadSecrets, true)]
    [InlineData("""{"apiGroups":[""],"resources":["secrets"],"resourceNames":["a"],"verbs":["get","watch"]}""", ReadSecrets, false)]
    [InlineData("""{"apiGroups":[""],"resources":["*/status"],"verbs":["get"]}""", """{"apiGroups":[""],"resources":["pods/status"],"verbs":["get"]}""", true)]
    [InlineData("""{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}""", """{"apiGroups":[""],"resources":["pods/status"],"verbs":["get"]}""", false)]
    [InlineData("""{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}""", """{"apiGroups":[""],"resources":["secrets"],"resourceNames":["a"],"verbs":["get"]}""", true)]
    [InlineData("""{"nonResourceURLs":["/metrics/*"],"verbs":["get"]}""", """{"nonResourceURLs":["/metrics/a"],"verbs":["get"]}""", true)]
    [InlineData("""{"nonResourceURLs":["/metrics"],"verbs":["get"]}""", """{"nonResourceURLs":["*"],"verbs":["get"]}""", false)]
    public async Task ClusterRole_OfItsMaker_CoversWhatItCovers(string held, string granted, bool isCovered)
    {
        (string user, _) = await UserAsync(ManageRoles, held);

        (int code, _) = await AsAsync(user, "POST", $"{Rbac}/clusterroles", Role($"r-{Guid.NewGuid():N}", granted));

        Assert.Equal(isCovered ? 201 : 403, code);
    }

    private static string Role(string name, string rules) => $$$"""{"metadata":{"name":"{{{name}}}"},"rules":[{{{rules}}}]}""";

    private static string Binding(string name, string kind, string role) => $$$"""
        {"metadata":{"name":"{{{name}}}"},"subjects":[{"kind":"User","name":"x","apiGroup":"rbac.authorization.k8s.io"}],
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{kind}}}","name":"{{{role}}}"}}
        """;

    /// <summary>A user with rights in the whole cluster, and a namespace.</summary>
    private async Task<(string User, string Namespace)> UserAsync(params string[] rules)
    {
        string user = $"user-{Guid.NewGuid():N}"[..16];
        await api.SendAsync("POST", $"{Rbac}/clusterroles", Role(user, string.Join(',', rules)));
        (int code, JsonNode made) = await api.SendAsync("POST", $"{Rbac}/clusterrolebindings", $$$"""
            {"metadata":{"name":"{{{user}}}"},"subjects":[{"kind":"User","name":"{{{user}}}","apiGroup":"rbac.authorization.k8s.io"}],
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{user}}}"}}
            """);
        Assert.True(code == 201, made.ToJsonString());
        return (user, (await api.ConfigMapsAsync()).Split('/')[4]);
    }

    private async Task<(int Code, JsonNode Body)> AsAsync(string user, string method, string path, string body)
    {
        using HttpClient client = api.Server.Client(user);
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Content = new StringContent(
            body, Encoding.UTF8, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        using HttpResponseMessage response = await client.SendAsync(request, Token);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!);
    }
}
