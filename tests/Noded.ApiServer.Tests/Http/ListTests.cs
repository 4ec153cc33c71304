using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Which state a list or a get is of, and in which form it comes.</summary>
public sealed class ListTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_Json_HasEveryObjectAsGetHasIt()
    {
        string path = await ThreeAsync();

        (int code, JsonNode list) = await api.SendAsync("GET", $"{path}?labelSelector=of");

        Assert.Equal(200, code);
        Assert.Equal(("ConfigMapList", "v1"), (list["kind"]!.ToString(), list["apiVersion"]!.ToString()));
        Assert.Equal(["a", "b", "c"], Names(list));
        foreach (JsonNode? item in list["items"]!.AsArray())
        {
            (_, JsonNode one) = await api.SendAsync("GET", $"{path}/{item!["metadata"]!["name"]}");
            Assert.True(JsonNode.DeepEquals(one, item));
            Assert.Matches("^[1-9][0-9]*$", one["metadata"]!["resourceVersion"]!.ToString());
        }
    }

    [Fact]
    public async Task List_Protobuf_HasEveryObject()
    {
        string path = await ThreeAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?labelSelector=of", accept: "application/vnd.kubernetes.protobuf,application/json");

        byte[] body = await response.Content.ReadAsByteArrayAsync(Token);
        JsonObject list = ProtobufReader.Read(ProtobufReader.ReadFrame(body).Raw, SchemaCatalog.BuiltIn["core/v1.ConfigMapList"]);
        Assert.Equal("application/vnd.kubernetes.protobuf", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["a", "b", "c"], Names(list));
        Assert.NotEqual("", list["items"]![0]!["metadata"]!["resourceVersion"]!.ToString());
    }

    [Fact]
    public async Task List_Exact_IsOfThatVersion()
    {
        string path = await ThreeAsync();
        (_, JsonNode before) = await api.SendAsync("GET", $"{path}?labelSelector=of");
        string version = before["metadata"]!["resourceVersion"]!.ToString();
        await api.SendAsync("DELETE", $"{path}/b");

        (_, JsonNode exact) = await api.SendAsync("GET", $"{path}?labelSelector=of&resourceVersion={version}&resourceVersionMatch=Exact");
        (_, JsonNode notOlder) = await api.SendAsync("GET", $"{path}?labelSelector=of&resourceVersion={version}&resourceVersionMatch=NotOlderThan");
        (_, JsonNode newest) = await api.SendAsync("GET", $"{path}?labelSelector=of");

        Assert.Equal(["a", "b", "c"], Names(exact));
        Assert.Equal(version, exact["metadata"]!["resourceVersion"]!.ToString());
        Assert.Equal(["a", "c"], Names(newest));
        Assert.True(Version(notOlder) >= long.Parse(version));
    }

    [Fact]
    public async Task List_OfAnyState_IsNotCutIntoParts()
    {
        string path = await ThreeAsync();
        await api.SendAsync("GET", path);

        (_, JsonNode any) = await api.SendAsync("GET", $"{path}?labelSelector=of&resourceVersion=0&limit=1");
        (_, JsonNode part) = await api.SendAsync("GET", $"{path}?labelSelector=of&limit=1");

        Assert.Equal(3, any["items"]!.AsArray().Count);
        Assert.Single(part["items"]!.AsArray());
    }

    [Theory]
    [InlineData("?resourceVersion=999999999")]
    [InlineData("/a?resourceVersion=999999999")]
    public async Task Read_VersionThatIsNotThereYet_TimesOut(string suffix)
    {
        string path = await ThreeAsync();

        (int code, JsonNode status) = await api.SendAsync("GET", path + suffix);

        Assert.Equal((504, "Timeout"), (code, status["reason"]!.ToString()));
        Assert.StartsWith("Timeout: Too large resource version: 999999999, current: ", status["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("ResourceVersionTooLarge", status["details"]!["causes"]![0]!["reason"]!.ToString());
        Assert.Equal("1", status["details"]!["retryAfterSeconds"]!.ToString());
    }

    [Fact]
    public async Task Get_OfAnyState_IsToldAndMissesWhatIsMissing()
    {
        string path = await ThreeAsync();
        (_, JsonNode newest) = await api.SendAsync("GET", $"{path}/a");
        string version = newest["metadata"]!["resourceVersion"]!.ToString();

        (_, JsonNode notOlder) = await api.SendAsync("GET", $"{path}/a?resourceVersion={version}");
        (int any, _) = await api.SendAsync("GET", $"{path}/a?resourceVersion=0");
        (int missing, _) = await api.SendAsync("GET", $"{path}/none?resourceVersion=0");

        Assert.True(JsonNode.DeepEquals(newest, notOlder));
        Assert.Equal((200, 404), (any, missing));
    }

    [Fact]
    public async Task Continue_StateIsCompacted_IsExpiredAndOffersTheRestAsItIsNow()
    {
        string path = await ThreeAsync();
        (_, JsonNode first) = await api.SendAsync("GET", $"{path}?limit=1&labelSelector=of");
        string token = first["metadata"]!["continue"]!.ToString();
        await PushOutAsync(path);

        (int code, JsonNode status) = await api.SendAsync("GET", $"{path}?limit=10&labelSelector=of&continue={token}");
        string rest = status["metadata"]!["continue"]!.ToString();
        (int again, JsonNode second) = await api.SendAsync("GET", $"{path}?limit=10&labelSelector=of&continue={rest}");

        Assert.Equal((410, "Expired"), (code, status["reason"]!.ToString()));
        Assert.StartsWith("The provided continue parameter is too old to display a consistent list result.", status["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, again);
        Assert.Equal(["b", "c"], Names(second));
        Assert.True(Version(second) > Version(first));
    }

    [Fact]
    public async Task List_ExactStateIsCompacted_IsExpired()
    {
        string path = await ThreeAsync();
        (_, JsonNode first) = await api.SendAsync("GET", path);
        await PushOutAsync(path);

        (int code, JsonNode status) = await api.SendAsync("GET", $"{path}?resourceVersionMatch=Exact&resourceVersion={Version(first)}");

        Assert.Equal((410, "Expired"), (code, status["reason"]!.ToString()));
        Assert.Equal("The resourceVersion for the provided list is too old.", status["message"]!.ToString());
    }

    [Theory]
    [InlineData("?resourceVersionMatch=Exact&resourceVersion=0", 422, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("?resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("?resourceVersionMatch=Other&resourceVersion=1", 422, "supported values: \"Exact\", \"NotOlderThan\", \"\"")]
    [InlineData("?sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list")]
    [InlineData("?continue=x&resourceVersion=5", 400, "specifying resource version is not allowed when using continue")]
    [InlineData("?resourceVersion=five", 400, "resourceVersion: Invalid value: \"five\"")]
    public async Task List_OptionsThatContradict_AreRefused(string query, int code, string message)
    {
        (int answered, JsonNode status) = await api.SendAsync("GET", $"/api/v1/configmaps{query}");

        Assert.Equal(code, answered);
        Assert.Contains(message, status["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("metadata.name%3Db", "b")]
    [InlineData("metadata.name!%3Db", "a,c")]
    [InlineData("metadata.name%3Db,metadata.name%3Dc", "")]
    public async Task List_FieldsOfMetadata_Choose(string selector, string expected)
    {
        string path = await ThreeAsync();
        string ns = path.Split('/')[4];

        (_, JsonNode within) = await api.SendAsync("GET", $"{path}?labelSelector=of&fieldSelector={selector}");
        (_, JsonNode everywhere) = await api.SendAsync(
            "GET", $"/api/v1/configmaps?labelSelector=of&fieldSelector={selector},metadata.namespace%3D{ns}");

        Assert.Equal(expected, string.Join(',', Names(within)));
        Assert.Equal(expected, string.Join(',', Names(everywhere)));
    }

    [Fact]
    public async Task List_OfTheOtherVersion_ChoosesByItsOwnFields()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        foreach (string name in (string[])["one", "two"])
        {
            (int made, _) = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/events", $$$"""
                {"metadata":{"name":"{{{name}}}"},"involvedObject":{"kind":"Pod","name":"{{{name}}}","namespace":"{{{ns}}}"},"reason":"Tested"}
                """);
            Assert.Equal(201, made);
        }

        (_, JsonNode list) = await api.SendAsync(
            "GET", $"/apis/events.k8s.io/v1/namespaces/{ns}/events?fieldSelector=regarding.name%3Dtwo");

        Assert.Equal(["two"], Names(list));
        Assert.Equal("events.k8s.io/v1", list["items"]![0]!["apiVersion"]!.ToString());
        Assert.Equal("two", list["items"]![0]!["regarding"]!["name"]!.ToString());
    }

    [Fact]
    public async Task Event_Written_HasALeaseAndOthersDoNot()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        foreach (string name in (string[])["one", "two"])
        {
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/events", $$$"""
                {"metadata":{"name":"{{{name}}}"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{{ns}}}"},"reason":"Tested"}
                """);
        }

        Noded.Store.RangeResult events = await api.Server.Store.RangeAsync(
            Noded.Store.RangeRequest.OfPrefix($"/registry/core/events/{ns}/"), Token);
        Noded.Store.RangeResult others = await api.Server.Store.RangeAsync(
            Noded.Store.RangeRequest.OfPrefix("/registry/core/namespaces/"), Token);

        Assert.Equal(2, events.KeyValues.Length);
        Assert.All(events.KeyValues, found => Assert.NotEqual(0, found.Lease));
        Assert.All(others.KeyValues, found => Assert.Equal(0, found.Lease));
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(200 << 10, true)]
    public async Task List_ClientTakesGzip_IsCompressedIfItIsLarge(int size, bool isCompressed)
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"a"},"data":{"x":"{{{new string('x', size)}}}"}}""");
        using HttpRequestMessage request = new(HttpMethod.Get, $"{path}?fieldSelector=metadata.name%3Da");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");

        using HttpResponseMessage response = await api.Admin.SendAsync(request, Token);

        Assert.Equal(isCompressed ? ["gzip"] : [], response.Content.Headers.ContentEncoding);
        await using Stream body = await response.Content.ReadAsStreamAsync(Token);
        await using Stream plain = isCompressed ? new GZipStream(body, CompressionMode.Decompress) : body;
        JsonNode? list = await JsonNode.ParseAsync(plain, cancellationToken: Token);
        Assert.Equal(size, list!["items"]![0]!["data"]!["x"]!.ToString().Length);
    }

    [Fact]
    public async Task List_ClientDoesNotTakeGzip_IsPlain()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"a"},"data":{"x":"{{{new string('x', 200 << 10)}}}"}}""");

        using HttpResponseMessage response = await api.AskAsync("GET", path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    private static IEnumerable<string> Names(JsonNode list) =>
        list["items"]?.AsArray().Select(item => item!["metadata"]!["name"]!.ToString()) ?? [];

    private static long Version(JsonNode list) => long.Parse(list["metadata"]!["resourceVersion"]!.ToString());

    private async Task<string> ThreeAsync()
    {
        string path = await api.ConfigMapsAsync();
        foreach (string name in (string[])["a", "b", "c"])
        {
            await api.SendAsync("POST", path, $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"of":"three"}}}""");
        }

        return path;
    }

    /// <summary>Makes what was so far a state that neither the store nor a cache has.</summary>
    private async Task PushOutAsync(string path)
    {
        (_, JsonNode last) = await api.SendAsync("POST", path, """{"metadata":{"name":"z"}}""");
        await api.Server.Store.CompactAsync(Version(last), Token);
        await api.RestartAsync();
    }
}
