using System.Buffers.Text;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;
using Noded.ApiServer.Tests.Documents;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Http;

/// <summary>
/// Requests that are broken at random, the same way for the same seed: each is answered as upstream answers, whatever
/// is in it. NODED_FUZZ_COUNT says how many; <c>make fuzz</c> sends a million.
/// </summary>
public sealed class FuzzTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const int Kinds = 9;
    private const int Workers = 4;
    private const long MostMemory = 1L << 30;
    private const string Letters = "abz09-_./=!,() \\\"'%:*\u00e9\t";

    private const string Pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"a":"b"},"annotations":{"c":"d"},"finalizers":["x.io/y"]},
         "spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":80}],"env":[{"name":"A","value":"b"}],
         "resources":{"requests":{"cpu":"100m"}}}],"volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"k"}]}}
        """;

    private const string Merge = """{"metadata":{"labels":{"a":null,"e":"f"}},"data":{"x":"y","z":null}}""";

    private const string Strategic = """
        {"metadata":{"finalizers":["a/b"],"$deleteFromPrimitiveList/finalizers":["x.io/y"]},"$retainKeys":["data"],"data":{"x":"y","$patch":"replace"},
         "$setElementOrder/finalizers":["a/b"]}
        """;

    private const string Operations = """
        [{"op":"add","path":"/data/x","value":"1"},{"op":"test","path":"/data/x","value":"1"},{"op":"copy","from":"/data","path":"/data/y"},
         {"op":"move","from":"/data/x","path":"/metadata/labels"},{"op":"remove","path":"/data/~0~1"},{"op":"replace","path":"/metadata/name","value":{}}]
        """;

    private static readonly HashSet<string> Reasons =
    [
        "BadRequest", "Unauthorized", "Forbidden", "NotFound", "MethodNotAllowed", "NotAcceptable", "AlreadyExists", "Conflict",
        "Expired", "RequestEntityTooLarge", "UnsupportedMediaType", "Invalid", "Timeout",
    ];

    private static readonly Lazy<(string Path, string Sample)[]> Samples = new(ReadSamples);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("NODED_FUZZ_COUNT"), CultureInfo.InvariantCulture, out int count) ? count : 10_000;

    [Fact]
    public async Task Request_BrokenAtRandom_IsAnsweredAsUpstreamDoes()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a","finalizers":["x.io/y"]},"data":{"x":"1"}}""");
        int seed = 0;
        int sent = 0;
        await Parallel.ForAsync(0, Workers, Token, async (worker, token) =>
        {
            using HttpClient client = api.Server.Admin();
            using HttpClient stranger = api.Server.Stranger();
            while (Interlocked.Increment(ref seed) is int mine && mine <= Count)
            {
                using HttpRequestMessage request = Make(mine, path);
                bool isStranger = request.Headers.Authorization is not null;
                using HttpResponseMessage response = await (isStranger ? stranger : client).SendAsync(request, token);
                Check(mine, request, response, await response.Content.ReadAsStringAsync(token));
                Interlocked.Increment(ref sent);
            }
        });

        Assert.Equal(Count, sent);
        Assert.Equal("ok", await api.Admin.GetStringAsync("/readyz", Token));
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) < MostMemory);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public async Task Body_NestedDeep_IsRefused(int depth)
    {
        string path = await api.ConfigMapsAsync();
        string nested = $$"""{"data":{{string.Concat(Enumerable.Repeat("{\"a\":", depth))}}1{{new string('}', depth)}}}""";
        string yaml = string.Concat(Enumerable.Repeat("[", Math.Min(depth, 100_000)));

        foreach ((string body, string type) in ((string, string)[])
            [(nested, "application/json"), (nested, "application/merge-patch+json"), (yaml, "application/yaml")])
        {
            bool isPatch = type.Contains("patch", StringComparison.Ordinal);
            (int code, JsonNode status) = await api.SendAsync(isPatch ? "PATCH" : "POST", isPatch ? $"{path}/a" : path, body, type);
            Assert.True(code is 400 or 413, $"{type}: {code} {status.ToJsonString()}");
            Assert.Contains(status["reason"]!.ToString(), (string[])["BadRequest", "RequestEntityTooLarge"]);
        }
    }

    [Fact]
    public async Task Body_NotUtf8_IsRefused()
    {
        string path = await api.ConfigMapsAsync();
        byte[] body = [.. "{\"metadata\":{\"name\":\""u8, 0xc3, 0x28, 0xff, .. "\"}}"u8];

        foreach (string type in (string[])["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])
        {
            using HttpResponseMessage response = await api.AskAsync("POST", path, body, type);
            Assert.Equal(400, (int)response.StatusCode);
        }
    }

    private static void Check(int seed, HttpRequestMessage request, HttpResponseMessage response, string body)
    {
        string what = $"seed {seed}: {request.Method} {request.RequestUri} → {(int)response.StatusCode} {body[..Math.Min(body.Length, 500)]}";
        int code = (int)response.StatusCode;
        Assert.True(code is < 500 or 504, what);
        if (code < 400)
        {
            return;
        }

        Assert.True(body.StartsWith('{'), what);
        JsonNode status = JsonNode.Parse(body) ?? throw new InvalidDataException(what);
        Assert.True(status["kind"]!.ToString() == "Status" && status["code"]!.ToString() == code.ToString(CultureInfo.InvariantCulture), what);
        Assert.True(Reasons.Contains(status["reason"]!.ToString()), what);
    }

    private static HttpRequestMessage Make(int seed, string path)
    {
        Random random = new(seed);
        JsonMutator mutator = new(seed);
        return (seed % Kinds) switch
        {
            0 => Body(HttpMethod.Patch, $"{path}/a?dryRun=All", mutator.Mutate(Merge), "application/merge-patch+json"),
            1 => Body(HttpMethod.Patch, $"{path}/a?dryRun=All", mutator.Mutate(Operations), "application/json-patch+json"),
            2 => Body(HttpMethod.Patch, $"{path}/a?dryRun=All", mutator.Mutate(Strategic), "application/strategic-merge-patch+json"),
            3 => Body(HttpMethod.Post, $"{Pods(path)}?dryRun=All", mutator.Mutate(Pod), random.Next(2) == 0 ? "application/json" : "application/yaml"),
            4 => Body(HttpMethod.Post, $"{path}?dryRun=All", Bytes(random), "application/vnd.kubernetes.protobuf"),
            5 => Bearer(path, random),
            6 => AnyKind(random, mutator),
            7 => new(HttpMethod.Get, $"{path}?continue={Uri.EscapeDataString(Continuation(random))}&limit={random.Next(-5, 50)}"),
            _ => new(HttpMethod.Get, $"{Pods(path)}?{Query(random)}"),
        };
    }

    /// <summary>An object of any kind with all that it may have, where upstream's samples are at hand.</summary>
    private static HttpRequestMessage AnyKind(Random random, JsonMutator mutator)
    {
        (string path, string sample) = Samples.Value[random.Next(Samples.Value.Length)];
        return Body(HttpMethod.Post, $"{path}?dryRun=All", mutator.Mutate(sample), "application/json");
    }

    private static (string Path, string Sample)[] ReadSamples() => [.. SchemaCatalog.BuiltIn.Resources
        .Where(resource => resource.IsStored)
        .Select(resource =>
        {
            string root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{resource.GroupVersion}";
            JsonNode sample = UpstreamSamples.Directory is null
                ? EveryKindTests.Sample(resource, "f")
                : JsonNode.Parse(File.ReadAllText(UpstreamSamples.File(resource.GroupVersion, resource.Kind, "json")))!; // an object
            sample["metadata"] = new JsonObject { ["name"] = "f", ["labels"] = new JsonObject { ["a"] = "b" } };
            return ($"{root}{(resource.IsNamespaced ? "/namespaces/default" : "")}/{resource.Name}", sample.ToJsonString());
        })];

    private static string Pods(string path) => path.Replace("configmaps", "pods", StringComparison.Ordinal);

    private static HttpRequestMessage Body(HttpMethod method, string path, byte[] body, string type)
    {
        HttpRequestMessage request = new(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return request;
    }

    private static HttpRequestMessage Bearer(string path, Random random)
    {
        string[] parts =
        [
            Base64Url.EncodeToString(Encoding.UTF8.GetBytes(random.Next(2) == 0 ? """{"alg":"ES256","kid":"x"}""" : Text(random))),
            Base64Url.EncodeToString(Encoding.UTF8.GetBytes(random.Next(2) == 0 ? """{"iss":"x","exp":1e400,"aud":[null]}""" : Text(random))),
            Base64Url.EncodeToString(Bytes(random)),
        ];
        HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", string.Join('.', parts[..random.Next(1, 4)]));
        return request;
    }

    private static string Continuation(Random random) => random.Next(3) switch
    {
        0 => Text(random),
        1 => Base64Url.EncodeToString(Bytes(random)),
        _ => Base64Url.EncodeToString(Shortened(
            new JsonMutator(random.Next()).Mutate("""{"v":"meta.k8s.io/v1","rv":5,"start":"a"}"""))),
    };

    /// <summary>No longer than what a request line takes.</summary>
    private static ReadOnlySpan<byte> Shortened(byte[] bytes) => bytes.AsSpan(0, Math.Min(bytes.Length, 64 << 10));

    private static string Query(Random random) => random.Next(4) switch
    {
        0 => $"labelSelector={Uri.EscapeDataString(Text(random))}",
        1 => $"fieldSelector={Uri.EscapeDataString(random.Next(2) == 0 ? Text(random) : $"spec.nodeName={Text(random)}")}",
        2 => $"resourceVersion={Uri.EscapeDataString(Text(random))}&resourceVersionMatch={(random.Next(2) == 0 ? "Exact" : "NotOlderThan")}",
        _ => $"watch=true&timeoutSeconds=1&resourceVersion={random.NextInt64()}{Uri.EscapeDataString(Text(random))}",
    };

    private static string Text(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(0, 24)).Select(_ => Letters[random.Next(Letters.Length)]));

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(0, 96)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0 && bytes.Length > 4)
        {
            "k8s\0"u8.CopyTo(bytes);
        }

        return bytes;
    }
}
