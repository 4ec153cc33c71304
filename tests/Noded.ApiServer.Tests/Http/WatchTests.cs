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
