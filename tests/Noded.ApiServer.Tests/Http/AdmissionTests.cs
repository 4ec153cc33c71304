using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>What admission says to deletions, scales and requests for certificates.</summary>
public sealed class AdmissionTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string Merge = "application/merge-patch+json";

    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("kube-public")]
    public async Task Delete_NamespaceOfEveryCluster_IsForbidden(string name)
    {
        (int code, JsonNode refused) = await api.SendAsync("DELETE", $"/api/v1/namespaces/{name}");

        Assert.Equal((403, "Forbidden"), (code, refused["reason"]!.ToString()));
        Assert.Equal($"namespaces \"{name}\" is forbidden: this namespace may not be deleted", refused["message"]!.ToString());
    }

    [Fact]
    public async Task Scale_Changed_ChangesTheObjectAndItsGeneration()
    {
        string path = await DeploymentAsync();

        (int read, JsonNode before) = await api.SendAsync("GET", $"{path}/scale");
        (int put, JsonNode scaled) = await api.SendAsync("PUT", $"{path}/scale", """{"metadata":{"name":"d"},"spec":{"replicas":5}}""");
        (int patched, JsonNode again) = await api.SendAsync("PATCH", $"{path}/scale", """{"spec":{"replicas":6}}""", Merge);
        (int wrong, JsonNode refused) = await api.SendAsync("PATCH", $"{path}/scale", """{"spec":{"replicas":-1}}""", Merge);
        (int stale, _) = await api.SendAsync("PUT", $"{path}/scale", before.ToJsonString());
        (_, JsonNode deployment) = await api.SendAsync("GET", path);

        Assert.Equal((200, 200, 200, 422, 409), (read, put, patched, wrong, stale));
        Assert.Equal(("autoscaling/v1", "Scale"), (before["apiVersion"]!.ToString(), before["kind"]!.ToString()));
        Assert.Equal(("2", "5", "6"), (Replicas(before), Replicas(scaled), Replicas(again)));
        Assert.Equal("app=d", before["status"]!["selector"]!.ToString());
        Assert.Contains("spec.replicas", refused["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("6", "3"), (Replicas(deployment), deployment["metadata"]!["generation"]!.ToString()));
    }

    [Fact]
    public async Task SigningRequest_OfSomethingElse_IsInvalid()
    {
        (int code, JsonNode refused) = await api.SendAsync("POST", Requests, """
            {"metadata":{"name":"wrong"},"spec":{"request":"LS0tLS1CRUdJTg==","signerName":"example.com/signer","usages":["client auth"]}}
            """);

        Assert.Equal((422, "Invalid"), (code, refused["reason"]!.ToString()));
        Assert.Contains("PEM block type must be CERTIFICATE REQUEST", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SigningRequest_Approved_SaysSoAndKeepsItsWish()
    {
        string path = await RequestAsync();
        (_, JsonNode request) = await api.SendAsync("GET", path);
        request["spec"]!["signerName"] = "example.com/sneaked";
        request["status"] = new JsonObject
        {
            ["certificate"] = "c25lYWtlZA==",
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Approved",
                ["status"] = "True",
                ["reason"] = "Tested",
                ["message"] = "by a test",
            }),
        };

        (int code, JsonNode approved) = await api.SendAsync("PUT", $"{path}/approval", request.ToJsonString());

        JsonNode condition = Assert.Single(approved["status"]!["conditions"]!.AsArray())!;
        Assert.Equal(200, code);
        Assert.Equal(("Approved", "Tested"), (condition["type"]!.ToString(), condition["reason"]!.ToString()));
        Assert.Equal("example.com/signer", approved["spec"]!["signerName"]!.ToString());
        Assert.Null(approved["status"]!["certificate"]);
        Assert.Equal("admin", approved["spec"]!["username"]!.ToString());
        Assert.Contains("system:masters", approved["spec"]!["groups"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approval", "approve", "approve")]
    [InlineData("status", "sign", "sign")]
    public async Task SigningRequest_WithoutTheRightForItsSigner_IsForbidden(string subresource, string right, string word)
    {
        string path = await RequestAsync();
        string user = await UserAsync("""{"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests/approval","certificatesigningrequests/status"],"verbs":["patch"]}""");
        string signer = await UserAsync(
            """{"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests/approval","certificatesigningrequests/status"],"verbs":["patch"]}""",
            $$"""{"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["example.com/*"],"verbs":["{{right}}"]}""");
        string patch = subresource == "approval"
            ? """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"r","message":"m"}]}}"""
            : $$$"""{"status":{"certificate":"{{{CertificateTests.Certificate()}}}"}}""";

        (int refused, JsonNode why) = await AsAsync(user, $"{path}/{subresource}", patch);
        (int allowed, _) = await AsAsync(signer, $"{path}/{subresource}", patch);

        Assert.Equal((403, 200), (refused, allowed));
        Assert.EndsWith($"user not permitted to {word} requests with signerName \"example.com/signer\"", why["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SigningRequest_Signed_HasItsCertificate()
    {
        string path = await RequestAsync();

        string certificate = CertificateTests.Certificate();

        (int code, JsonNode signed) = await api.SendAsync("PATCH", $"{path}/status", $$$"""{"status":{"certificate":"{{{certificate}}}"}}""", Merge);
        (int direct, JsonNode kept) = await api.SendAsync("PATCH", path, """{"spec":{"signerName":"example.com/other"},"status":{"certificate":""}}""", Merge);

        Assert.Equal((200, 200), (code, direct));
        Assert.Equal(certificate, signed["status"]!["certificate"]!.ToString());
        Assert.Equal(certificate, kept["status"]!["certificate"]!.ToString());
        Assert.Equal("example.com/signer", kept["spec"]!["signerName"]!.ToString());
    }

    private async Task<string> UserAsync(params string[] rules)
    {
        string user = $"user-{Guid.NewGuid():N}";
        await api.SendAsync(
            "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", $$$"""{"metadata":{"name":"{{{user}}}"},"rules":[{{{string.Join(',', rules)}}}]}""");
        await api.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", $$$"""
            {"metadata":{"name":"{{{user}}}"},"subjects":[{"kind":"User","name":"{{{user}}}","apiGroup":"rbac.authorization.k8s.io"}],
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{user}}}"} }
            """);
        return user;
    }

    private async Task<(int Code, JsonNode Body)> AsAsync(string user, string path, string patch)
    {
        using HttpClient client = api.Server.Client(user);
        using HttpRequestMessage request = new(HttpMethod.Patch, path);
        request.Content = new StringContent(patch, System.Text.Encoding.UTF8, Merge);
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }

    private static string Replicas(JsonNode document) => document["spec"]!["replicas"]!.ToString();

    private async Task<string> RequestAsync()
    {
        string name = $"csr-{Guid.NewGuid():N}";
        (int code, JsonNode made) = await api.SendAsync("POST", Requests, $$$"""
            {"metadata":{"name":"{{{name}}}"},
             "spec":{"request":"{{{EveryKindTests.SigningRequest()}}}","signerName":"example.com/signer","usages":["client auth"],"username":"sneaked"}}
            """);
        Assert.True(code == 201, made.ToJsonString());
        return $"{Requests}/{name}";
    }

    private async Task<string> DeploymentAsync()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        string path = $"/apis/apps/v1/namespaces/{ns}/deployments";
        (int code, JsonNode made) = await api.SendAsync("POST", path, """
            {"metadata":{"name":"d"},
             "spec":{"replicas":2,"selector":{"matchLabels":{"app":"d"}},
                     "template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """);
        Assert.True(code == 201, made.ToJsonString());
        return $"{path}/d";
    }
}
