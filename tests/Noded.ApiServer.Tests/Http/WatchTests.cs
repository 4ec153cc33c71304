using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

public sealed class WatchTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Watch_WithInitialEvents_TellsWhatIsThereThenThatItIsAll()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"w":"1"}}}""");

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=w%3D1");
        using StreamReader lines = await LinesAsync(response);

        JsonNode added = await NextAsync(lines);
        JsonNode bookmark = await NextAsync(lines);
        Assert.Equal(("ADDED", "a"), (TypeOf(added), NameOf(added)));
        Assert.Equal("BOOKMARK", TypeOf(bookmark));
        Assert.Equal("true", bookmark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!.ToString());
        Assert.Equal("ConfigMap", bookmark["object"]!["kind"]!.ToString());
    }

    [Fact]
    public async Task Watch_FromAVersion_TellsEveryChangeInOrder()
    {
        string path = await api.ConfigMapsAsync();
        (_, JsonNode first) = await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"w":"1"}}}""");
        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&labelSelector=w&resourceVersion={first["metadata"]!["resourceVersion"]}");
        using StreamReader lines = await LinesAsync(response);

        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"y"}}""", "application/merge-patch+json");
        await api.SendAsync("PATCH", $"{path}/a", """{"metadata":{"labels":{"w":null}}}""", "application/merge-patch+json");
        await api.SendAsync("PATCH", $"{path}/a", """{"metadata":{"labels":{"w":"2"}}}""", "application/merge-patch+json");
        await api.SendAsync("DELETE", $"{path}/a");

        List<string> types = [];
        long last = 0;
        for (int i = 0; i < 4; i++)
        {
            JsonNode change = await NextAsync(lines);
            types.Add(TypeOf(change));
            long revision = long.Parse(change["object"]!["metadata"]!["resourceVersion"]!.ToString());
            Assert.True(revision > last);
            last = revision;
        }

        Assert.Equal(["MODIFIED", "DELETED", "ADDED", "DELETED"], types);
    }

    [Fact]
    public async Task Watch_AsTable_TellsRows()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");

        using HttpResponseMessage response = await api.AskAsync(
            "GET",
            $"{path}?watch=true&fieldSelector=metadata.name%3Da",
            accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        using StreamReader lines = await LinesAsync(response);

        JsonNode added = await NextAsync(lines);
        Assert.Equal("Table", added["object"]!["kind"]!.ToString());
        Assert.Equal("a", added["object"]!["rows"]![0]!["cells"]![0]!.ToString());
    }

    [Fact]
    public async Task Watch_WithATimeOut_Ends()
    {
        string path = await api.ConfigMapsAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone");
        using StreamReader lines = await LinesAsync(response);

        Assert.Null(await lines.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Watch_FromAVersionBeforeTheServerStarted_HasNoGap()
    {
        string path = await api.ConfigMapsAsync();
        (_, JsonNode first) = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"1"}}""", "application/merge-patch+json");
        await api.RestartAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&fieldSelector=metadata.name%3Da&resourceVersion={first["metadata"]!["resourceVersion"]}");
        using StreamReader lines = await LinesAsync(response);
        JsonNode before = await NextAsync(lines);
        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"2"}}""", "application/merge-patch+json");
        JsonNode after = await NextAsync(lines);

        Assert.Equal(("MODIFIED", "1"), (TypeOf(before), before["object"]!["data"]!["x"]!.ToString()));
        Assert.Equal(("MODIFIED", "2"), (TypeOf(after), after["object"]!["data"]!["x"]!.ToString()));
    }

    [Fact]
    public async Task Watch_FromAVersionThatIsCompacted_SaysSo()
    {
        string path = await api.ConfigMapsAsync();
        (_, JsonNode first) = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        string version = first["metadata"]!["resourceVersion"]!.ToString();
        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"1"}}""", "application/merge-patch+json");
        (_, JsonNode last) = await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"2"}}""", "application/merge-patch+json");
        long newest = long.Parse(last["metadata"]!["resourceVersion"]!.ToString());
        await api.Server.Store.CompactAsync(newest, TestContext.Current.CancellationToken);
        await api.RestartAsync();

        using HttpResponseMessage response = await api.AskAsync("GET", $"{path}?watch=true&resourceVersion={version}");
        using StreamReader lines = await LinesAsync(response);
        JsonNode error = await NextAsync(lines);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(("ERROR", "410", "Expired"), (TypeOf(error), error["object"]!["code"]!.ToString(), error["object"]!["reason"]!.ToString()));
        Assert.StartsWith($"too old resource version: {version} (", error["object"]!["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_WithoutInitialEvents_TellsWhatChangesFromNowOn()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Da");
        using StreamReader lines = await LinesAsync(response);
        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"1"}}""", "application/merge-patch+json");

        Assert.Equal("MODIFIED", TypeOf(await NextAsync(lines)));
    }

    [Theory]
    [InlineData("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "PartialObjectMetadata")]
    [InlineData("application/json", "ConfigMap")]
    public async Task Watch_InAForm_TellsObjectsOfIt(string accept, string kind)
    {
        string path = await api.ConfigMapsAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&fieldSelector=metadata.name%3Da&allowWatchBookmarks=true", accept: accept);
        using StreamReader lines = await LinesAsync(response);
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"data":{"x":"1"}}""");

        JsonNode added = await NextAsync(lines);
        Assert.Equal((kind, "a"), (added["object"]!["kind"]!.ToString(), NameOf(added)));
        Assert.NotEqual("", added["object"]!["metadata"]!["resourceVersion"]!.ToString());
    }

    private static async Task<StreamReader> LinesAsync(HttpResponseMessage response) =>
        new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

    private static async Task<JsonNode> NextAsync(StreamReader lines)
    {
        string? line = await lines.ReadLineAsync(TestContext.Current.CancellationToken);
        return JsonNode.Parse(Assert.IsType<string>(line))!; // every line is an object
    }

    private static string TypeOf(JsonNode change) => change["type"]!.ToString();

    private static string NameOf(JsonNode change) => change["object"]!["metadata"]!["name"]!.ToString();
}
