using System.Net;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

public sealed class RequestTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Create_Object_HasWhatTheServerOwns()
    {
        string path = await api.ConfigMapsAsync();

        (int code, JsonNode made) = await api.SendAsync("POST", path, """{"metadata":{"generateName":"map-","uid":"mine"},"data":{"a":"b"}}""");

        JsonNode metadata = made["metadata"]!; // every object has metadata
        Assert.Equal(201, code);
        Assert.Matches("^map-[a-z0-9]{5}$", metadata["name"]!.ToString());
        Assert.Matches("^[1-9][0-9]*$", metadata["resourceVersion"]!.ToString());
        Assert.NotEqual("mine", metadata["uid"]!.ToString());
        Assert.Equal("v1", made["apiVersion"]!.ToString());
    }

    [Fact]
    public async Task Create_Twice_IsAConflict()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");

        (int code, JsonNode status) = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");

        Assert.Equal(409, code);
        Assert.Equal("AlreadyExists", status["reason"]!.ToString());
        Assert.Equal("""{"name":"a","kind":"configmaps"}""", status["details"]!.ToJsonString());
    }

    [Fact]
    public async Task Update_OfAnOldVersion_IsAConflictAndOfNoneIsNot()
    {
        string path = await api.ConfigMapsAsync();
        (_, JsonNode first) = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        await api.SendAsync("PUT", $"{path}/a", """{"metadata":{"name":"a"},"data":{"x":"1"}}""");

        (int code, JsonNode status) = await api.SendAsync("PUT", $"{path}/a", first.ToJsonString());

        Assert.Equal(409, code);
        Assert.Equal(
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again",
            status["message"]!.ToString());
    }

    [Fact]
    public async Task Create_DryRun_KeepsNothing()
    {
        string path = await api.ConfigMapsAsync();

        (int code, _) = await api.SendAsync("POST", $"{path}?dryRun=All", """{"metadata":{"name":"a"}}""");

        Assert.Equal(201, code);
        Assert.Equal(404, (await api.SendAsync("GET", $"{path}/a")).Code);
    }

    [Fact]
    public async Task Create_Protobuf_IsUnderstood()
    {
        string path = await api.ConfigMapsAsync();
        JsonObject map = new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "proto" },
            ["data"] = new JsonObject { ["a"] = "b" },
        };
        byte[] body = ProtobufWriter.Write(map, SchemaCatalog.BuiltIn["core/v1.ConfigMap"]);

        using HttpResponseMessage response = await api.AskAsync(
            "POST", path, body, "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json");

        byte[] answer = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        JsonObject made = ProtobufReader.Read(ProtobufReader.ReadFrame(answer).Raw, SchemaCatalog.BuiltIn["core/v1.ConfigMap"]);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/vnd.kubernetes.protobuf", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("b", made["data"]!["a"]!.ToString());
        Assert.Equal("proto", made["metadata"]!["name"]!.ToString());
    }

    [Fact]
    public async Task Create_Yaml_IsUnderstood()
    {
        string path = await api.ConfigMapsAsync();

        (int code, JsonNode made) = await api.SendAsync("POST", path, "metadata:\n  name: a\ndata: {x: hello}\n", "application/yaml");

        Assert.Equal(201, code);
        Assert.Equal("hello", made["data"]!["x"]!.ToString());
    }

    [Theory]
    [InlineData("Strict", 400, false)]
    [InlineData("Warn", 201, true)]
    [InlineData("Ignore", 201, false)]
    public async Task Create_UnknownField_IsTreatedAsAsked(string validation, int code, bool warns)
    {
        string path = await api.ConfigMapsAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "POST", $"{path}?fieldValidation={validation}", """{"metadata":{"name":"a"},"date":{}}"""u8.ToArray());

        Assert.Equal(code, (int)response.StatusCode);
        Assert.Equal(warns, response.Headers.TryGetValues("Warning", out IEnumerable<string>? warnings));
        Assert.Equal(warns ? "299 - \"unknown field \\\"date\\\"\"" : null, warnings?.Single());
    }

    [Theory]
    [InlineData("POST", "", "{", "application/json", 400, "BadRequest")]
    [InlineData("POST", "", "{}", "text/html", 415, "UnsupportedMediaType")]
    [InlineData("POST", "", """{"kind":"Pod","apiVersion":"v1"}""", "application/json", 400, "BadRequest")]
    [InlineData("POST", "", """{"metadata":{"name":"A_"}}""", "application/json", 422, "Invalid")]
    [InlineData("POST", "", """{"metadata":{"name":"a","namespace":"other"}}""", "application/json", 400, "BadRequest")]
    [InlineData("POST", "", """{"metadata":{"name":"a"},"data":{"/":"x"}}""", "application/json", 422, "Invalid")]
    [InlineData("PATCH", "/none", "{}", "application/merge-patch+json", 404, "NotFound")]
    [InlineData("PATCH", "/none", "{}", "application/json", 415, "UnsupportedMediaType")]
    [InlineData("GET", "?labelSelector=a+in+b", null, "", 400, "BadRequest")]
    [InlineData("GET", "?fieldSelector=data.x%3Dy", null, "", 400, "BadRequest")]
    [InlineData("GET", "?continue=nonsense", null, "", 400, "BadRequest")]
    [InlineData("GET", "?limit=many", null, "", 400, "BadRequest")]
    [InlineData("GET", "?watch=1&sendInitialEvents=true", null, "", 422, "Invalid")]
    [InlineData("PUT", "", "{}", "application/json", 405, "MethodNotAllowed")]
    [InlineData("GET", "/a/unheard-of", null, "", 404, "NotFound")]
    public async Task Request_Wrong_HasUpstreamsCodeAndReason(
        string method, string suffix, string? body, string mediaType, int code, string reason)
    {
        string path = await api.ConfigMapsAsync();

        (int answered, JsonNode status) = await api.SendAsync(method, path + suffix, body, mediaType);

        Assert.Equal((code, reason), (answered, status["reason"]!.ToString()));
        Assert.Equal("Status", status["kind"]!.ToString());
    }

    [Fact]
    public async Task Create_TooLarge_IsRefused()
    {
        string path = await api.ConfigMapsAsync();
        byte[] body = Encoding.ASCII.GetBytes($"{{\"data\":{{\"x\":\"{new string('x', 4 << 20)}\"}}}}");

        using HttpResponseMessage response = await api.AskAsync("POST", path, body);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task Get_AsTable_HasColumnsAndCells()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"data":{"x":"1","y":"2"}}""");

        (_, JsonNode table) = await api.SendAsync(
            "GET", $"{path}?fieldSelector=metadata.name%3Da", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");

        Assert.Equal("Table", table["kind"]!.ToString());
        Assert.Equal(["Name", "Data", "Age"], table["columnDefinitions"]!.AsArray().Select(column => column!["name"]!.ToString()));
        Assert.Equal("2", table["rows"]![0]!["cells"]![1]!.ToString());
    }

    [Fact]
    public async Task Get_MediaTypeNobodyHas_IsNotAcceptable()
    {
        Assert.Equal(406, (await api.SendAsync("GET", "/api/v1/nodes", accept: "application/cbor")).Code);
    }

    [Fact]
    public async Task List_InParts_IsOfOneMoment()
    {
        string path = await api.ConfigMapsAsync();
        foreach (string name in (string[])["a", "b", "c"])
        {
            await api.SendAsync("POST", path, $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"part":"list"}}}""");
        }

        (_, JsonNode first) = await api.SendAsync("GET", $"{path}?labelSelector=part%3Dlist&limit=2");
        await api.SendAsync("DELETE", $"{path}/c");
        (_, JsonNode second) = await api.SendAsync("GET", $"{path}?labelSelector=part%3Dlist&limit=2&continue={first["metadata"]!["continue"]}");

        Assert.Equal("c", second["items"]![0]!["metadata"]!["name"]!.ToString());
        Assert.Equal(first["metadata"]!["resourceVersion"]!.ToString(), second["metadata"]!["resourceVersion"]!.ToString());
    }

    [Fact]
    public async Task Discovery_Aggregated_HasItsTypeAndTag()
    {
        const string accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        using HttpResponseMessage first = await api.AskAsync("GET", "/apis", accept: accept);
        using HttpRequestMessage again = new(HttpMethod.Get, "/apis");
        again.Headers.TryAddWithoutValidation("Accept", accept);
        again.Headers.TryAddWithoutValidation("If-None-Match", first.Headers.ETag?.ToString());

        using HttpResponseMessage second = await api.Admin.SendAsync(again, TestContext.Current.CancellationToken);

        Assert.Equal(accept, first.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task OpenApi_EveryGroup_HasPatchWithFieldValidation()
    {
        (_, JsonNode index) = await api.SendAsync("GET", "/openapi/v3");

        foreach ((string path, JsonNode? entry) in index["paths"]!.AsObject())
        {
            (int code, JsonNode document) = await api.SendAsync("GET", entry!["serverRelativeURL"]!.ToString());
            Assert.Equal(200, code);
            Assert.Equal("3.0.0", document["openapi"]!.ToString());
            bool isReview = path.StartsWith("apis/auth", StringComparison.Ordinal);
            Assert.Equal(!isReview, document["paths"]!.ToJsonString().Contains("fieldValidation", StringComparison.Ordinal) && !isReview);
        }
    }

    [Fact]
    public async Task Stranger_AsksForAnything_IsUnauthorizedButHealthIsTold()
    {
        using HttpClient stranger = api.Server.Stranger();

        using HttpResponseMessage pods = await stranger.GetAsync("/api/v1/pods", TestContext.Current.CancellationToken);
        string health = await stranger.GetStringAsync("/readyz", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, pods.StatusCode);
        Assert.Equal("ok", health);
    }

    [Fact]
    public async Task User_WithoutRoles_IsForbiddenEverything()
    {
        using HttpClient nobody = api.Server.Client("nobody");

        foreach (ResourceDefinition resource in SchemaCatalog.BuiltIn.Resources.Where(resource => resource.Verbs.Contains("list")))
        {
            string path = resource.Group.Length == 0 ? $"/api/v1/{resource.Name}" : $"/apis/{resource.GroupVersion}/{resource.Name}";
            using HttpResponseMessage response = await nobody.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact]
    public async Task Http2_IsSpoken()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/version")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using HttpResponseMessage response = await api.Admin.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpVersion.Version20, response.Version);
    }
}
