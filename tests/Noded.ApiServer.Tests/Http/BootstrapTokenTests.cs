using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Tokens with which machines join: Secrets of a type of their own.</summary>
public sealed class BootstrapTokenTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Secrets = "/api/v1/namespaces/kube-system/secrets";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_Valid_IsItsUserWithItsGroups()
    {
        string id = await SecretAsync(("auth-extra-groups", "system:bootstrappers:workers,system:masters"));

        JsonNode? user = await WhoAsync($"{id}.0123456789abcdef");

        Assert.Equal($"system:bootstrap:{id}", user!["username"]!.ToString());
        Assert.Equal(
            ["system:bootstrappers", "system:bootstrappers:workers", "system:authenticated"],
            user["groups"]!.AsArray().Select(group => group!.ToString()));
    }

    [Theory]
    [InlineData("token-secret", "fedcba9876543210")]
    [InlineData("token-id", "others")]
    [InlineData("usage-bootstrap-authentication", "false")]
    [InlineData("usage-bootstrap-authentication", null)]
    [InlineData("expiration", "2020-01-01T00:00:00Z")]
    [InlineData("expiration", "soon")]
    public async Task Token_SecretSaysNo_IsNotTaken(string key, string? value)
    {
        string id = await SecretAsync((key, value));

        Assert.Null(await WhoAsync($"{id}.0123456789abcdef"));
    }

    [Fact]
    public async Task Token_NotYetOver_IsTakenUntilItsSecretIsGone()
    {
        string id = await SecretAsync(("expiration", "2099-01-01T00:00:00Z"));

        Assert.NotNull(await WhoAsync($"{id}.0123456789abcdef"));
        await api.SendAsync("DELETE", $"{Secrets}/bootstrap-token-{id}");
        Assert.Null(await WhoAsync($"{id}.0123456789abcdef"));
    }

    [Fact]
    public async Task Token_SecretOfAnotherType_IsNotTaken()
    {
        string id = await SecretAsync(("type", "Opaque"));

        Assert.Null(await WhoAsync($"{id}.0123456789abcdef"));
    }

    private async Task<string> SecretAsync((string Key, string? Value) change)
    {
        string id = Guid.NewGuid().ToString("N")[..6];
        Dictionary<string, string?> data = new()
        {
            ["token-id"] = id,
            ["token-secret"] = "0123456789abcdef",
            ["usage-bootstrap-authentication"] = "true",
        };
        string type = "bootstrap.kubernetes.io/token";
        if (change.Key == "type")
        {
            type = change.Value!;
        }
        else
        {
            data[change.Key] = change.Value;
        }

        JsonObject secret = new()
        {
            ["metadata"] = new JsonObject { ["name"] = $"bootstrap-token-{id}" },
            ["type"] = type,
            ["stringData"] = new JsonObject([.. data.Where(pair => pair.Value is not null)
                .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]),
        };
        (int code, JsonNode made) = await api.SendAsync("POST", Secrets, secret.ToJsonString());
        Assert.True(code == 201, made.ToJsonString());
        return id;
    }

    /// <summary>Who the bearer of a token is; null if the server does not know.</summary>
    private async Task<JsonNode?> WhoAsync(string token)
    {
        using HttpClient stranger = api.Server.Stranger();
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using StringContent body = new("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await stranger.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", body, Token);
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
        return (int)response.StatusCode == 201 ? answer["status"]!["userInfo"]! : null;
    }
}
