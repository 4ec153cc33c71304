using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Tests.Hosting;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Http;

/// <summary>The tokens of ServiceAccounts: how they are asked for, who knows them, and when they end.</summary>
public sealed class TokenTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Issuer = "https://kubernetes.default.svc.cluster.local";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_OfAnAccount_SaysWhoseItIs()
    {
        string ns = await NamespaceAsync();

        (int code, JsonNode made) = await AskAsync(ns, """{"spec":{"expirationSeconds":700,"audiences":["vault"]}}""");
        JsonNode claims = ClaimsOf(TokenOf(made));

        Assert.Equal(201, code);
        Assert.Equal(("vault", Issuer), (claims["aud"]![0]!.ToString(), claims["iss"]!.ToString()));
        Assert.Equal($"system:serviceaccount:{ns}:default", claims["sub"]!.ToString());
        Assert.Equal(700, (long)claims["exp"]! - (long)claims["iat"]!);
        Assert.Equal(ns, claims["kubernetes.io"]!["namespace"]!.ToString());
        Assert.Equal("default", claims["kubernetes.io"]!["serviceaccount"]!["name"]!.ToString());
    }

    [Fact]
    public async Task Token_ForOthers_IsNotTakenByTheServerButReviewedForThem()
    {
        string ns = await NamespaceAsync();
        (_, JsonNode made) = await AskAsync(ns, """{"spec":{"audiences":["vault"]}}""");

        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync(TokenOf(made)));
        JsonNode ours = await ReviewAsync(TokenOf(made), "[]");
        JsonNode theirs = await ReviewAsync(TokenOf(made), """["vault","other"]""");
        Assert.Null(ours["authenticated"]);
        Assert.Equal("true", theirs["authenticated"]!.ToString());
        Assert.Equal("""["vault"]""", theirs["audiences"]!.ToJsonString());
        Assert.Equal($"system:serviceaccount:{ns}:default", theirs["user"]!["username"]!.ToString());
    }

    [Fact]
    public async Task Token_BoundToAPod_EndsWithIt()
    {
        string ns = await NamespaceAsync();
        (_, JsonNode pod) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}}
            """);
        string uid = pod["metadata"]!["uid"]!.ToString();

        (_, JsonNode made) = await AskAsync(
            ns, $$$$"""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"{{{{uid}}}}"}}}""");
        JsonNode before = await ReviewAsync(TokenOf(made), "[]");
        await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/pods/p");
        HttpStatusCode after = await RefusedAsync(TokenOf(made));

        Assert.Equal("p", before["user"]!["extra"]!["authentication.kubernetes.io/pod-name"]![0]!.ToString());
        Assert.Equal(uid, before["user"]!["extra"]!["authentication.kubernetes.io/pod-uid"]![0]!.ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, after);
    }

    [Fact]
    public async Task Token_AccountIsMadeAnew_IsNotTheNewOnes()
    {
        string ns = await NamespaceAsync();
        string accounts = $"/api/v1/namespaces/{ns}/serviceaccounts";
        await api.SendAsync("POST", accounts, """{"metadata":{"name":"robot"}}""");
        (_, JsonNode made) = await api.SendAsync("POST", $"{accounts}/robot/token", "{}");
        Assert.Equal(HttpStatusCode.Created, await WhoAsync(TokenOf(made)));

        await api.SendAsync("DELETE", $"{accounts}/robot");
        HttpStatusCode gone = await RefusedAsync(TokenOf(made));
        await api.SendAsync("POST", accounts, """{"metadata":{"name":"robot"}}""");

        Assert.Equal(HttpStatusCode.Unauthorized, gone);
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync(TokenOf(made)));
    }

    [Theory]
    [InlineData("""{"spec":{"expirationSeconds":599}}""", 422)]
    [InlineData("""{"spec":{"expirationSeconds":4294967297}}""", 422)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"ConfigMap","name":"a"}}}""", 400)]
    [InlineData("""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"none"}}}""", 404)]
    public async Task Token_Wrong_IsRefused(string request, int code)
    {
        string ns = await NamespaceAsync();

        Assert.Equal(code, (await AskAsync(ns, request)).Code);
    }

    [Fact]
    public async Task Token_WithForeignSignature_IsNotTaken()
    {
        string ns = await NamespaceAsync();
        (_, JsonNode made) = await AskAsync(ns, "{}");
        string[] parts = TokenOf(made).Split('.');
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] signature = other.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), HashAlgorithmName.SHA256);
        string none = Base64Url.EncodeToString("""{"alg":"none"}"""u8);

        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync($"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(signature)}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync($"{none}.{parts[1]}."));
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync($"{parts[0]}.{parts[1]}"));
    }

    [Fact]
    public async Task Token_ItsTimeIsOver_IsNotTaken()
    {
        TestClock clock = new();
        clock.SetUtcNow(TimeProvider.System.GetUtcNow());
        await using TestApiServer server = await TestApiServer.StartAsync(options => options with { Clock = clock }, null, Token);
        using HttpClient admin = server.Admin();
        using HttpClient stranger = server.Stranger();
        await PostAsync(admin, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        JsonNode made = await PostAsync(
            admin, "/api/v1/namespaces/default/serviceaccounts/robot/token", """{"spec":{"expirationSeconds":600}}""");

        clock.Advance(TimeSpan.FromSeconds(599));
        HttpStatusCode before = await WhoAsync(stranger, TokenOf(made));
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(HttpStatusCode.Created, before);
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync(stranger, TokenOf(made)));
    }

    [Theory]
    [InlineData("EC")]
    [InlineData("RSA")]
    public async Task KeySet_OfTheServer_VerifiesItsTokens(string kind)
    {
        using AsymmetricAlgorithm key = kind == "RSA" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using TestApiServer server = await TestApiServer.StartAsync(
            options => options with { ServiceAccountKey = key }, null, Token);
        using HttpClient admin = server.Admin();
        await PostAsync(admin, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        string token = TokenOf(await PostAsync(admin, "/api/v1/namespaces/default/serviceaccounts/robot/token", "{}"));
        using HttpClient robot = server.Stranger();
        robot.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

        // Any account may read how tokens are verified.
        JsonNode configuration = JsonNode.Parse(await robot.GetStringAsync("/.well-known/openid-configuration", Token))!;
        using HttpResponseMessage answer = await robot.GetAsync("/openid/v1/jwks", Token);
        JsonNode found = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["keys"]![0]!;

        string[] parts = token.Split('.');
        JsonNode header = JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!;
        Assert.Equal("application/jwk-set+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((Issuer, $"{Issuer}/openid/v1/jwks"), (configuration["issuer"]!.ToString(), configuration["jwks_uri"]!.ToString()));
        Assert.Equal(header["alg"]!.ToString(), configuration["id_token_signing_alg_values_supported"]![0]!.ToString());
        Assert.Equal((kind, header["kid"]!.ToString()), (found["kty"]!.ToString(), found["kid"]!.ToString()));
        Assert.True(Verify(found, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2])));
    }

    [Fact]
    public async Task Token_OfAnOlderKey_IsTakenAsLongAsThatIsKnown()
    {
        using RSA older = RSA.Create(2048);
        using RSA publicOnly = RSA.Create();
        publicOnly.ImportFromPem(older.ExportSubjectPublicKeyInfoPem());
        using ECDsa newer = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        (AsymmetricAlgorithm Signing, AsymmetricAlgorithm[] Others) keys = (older, []);
        await using TestApiServer server = await TestApiServer.StartAsync(
            o => o with { ServiceAccountKey = keys.Signing, OlderServiceAccountKeys = [.. keys.Others] }, null, Token);
        string token;
        using (HttpClient admin = server.Admin())
        {
            await PostAsync(admin, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");
            token = TokenOf(await PostAsync(admin, "/api/v1/namespaces/default/serviceaccounts/robot/token", "{}"));
        }

        keys = (newer, [publicOnly]);
        await server.RestartAsync(Token);
        using HttpClient stranger = server.Stranger();
        HttpStatusCode known = await WhoAsync(stranger, token);
        keys = (newer, []);
        await server.RestartAsync(Token);
        using HttpClient later = server.Stranger();

        Assert.Equal(HttpStatusCode.Created, known);
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAsync(later, token));
    }

    private static bool Verify(JsonNode key, byte[] text, byte[] signature)
    {
        byte[] Part(string name) => Base64Url.DecodeFromChars(key[name]!.ToString());
        if (key["kty"]!.ToString() == "RSA")
        {
            using RSA rsa = RSA.Create(new RSAParameters { Modulus = Part("n"), Exponent = Part("e") });
            return rsa.VerifyData(text, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        using ECDsa ec = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Part("x"), Y = Part("y") },
        });
        return ec.VerifyData(text, signature, HashAlgorithmName.SHA256);
    }

    private static string TokenOf(JsonNode answer) => answer["status"]!["token"]!.ToString();

    private static JsonNode ClaimsOf(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(path, content, Token);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
    }

    private static async Task<HttpStatusCode> WhoAsync(HttpClient stranger, string token)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews");
        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await stranger.SendAsync(request, Token);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> WhoAsync(string token)
    {
        using HttpClient stranger = api.Server.Stranger();
        return await WhoAsync(stranger, token);
    }

    /// <summary>What the server says once its memory knows that an object is gone.</summary>
    private async Task<HttpStatusCode> RefusedAsync(string token)
    {
        HttpStatusCode code;
        do
        {
            code = await WhoAsync(token);
        }
        while (code == HttpStatusCode.Created);

        return code;
    }

    private async Task<JsonNode> ReviewAsync(string token, string audiences)
    {
        (_, JsonNode review) = await api.SendAsync(
            "POST",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            $$$"""{"spec":{"token":"{{{token}}}","audiences":{{{audiences}}}}}""");
        return review["status"]!;
    }

    private Task<(int Code, JsonNode Body)> AskAsync(string ns, string request) =>
        api.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", request);

    private async Task<string> NamespaceAsync()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        await api.AccountAsync(ns);
        return ns;
    }
}
