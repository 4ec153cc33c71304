using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Watches that are asked for in protobuf, read as client-go reads them.</summary>
public sealed class ProtobufWatchTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string MediaType = "application/vnd.kubernetes.protobuf";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_Protobuf_TellsTheObjectsAsTheyChange()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"data":{"x":"1"}}""");

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&fieldSelector=metadata.name%3Da", accept: $"{MediaType},application/json");
        await using Stream frames = await response.Content.ReadAsStreamAsync(Token);
        (string added, UnknownObject first) = await NextAsync(frames);
        await api.SendAsync("PATCH", $"{path}/a", """{"data":{"x":"2"}}""", "application/merge-patch+json");
        (string modified, UnknownObject second) = await NextAsync(frames);
        (_, JsonNode kept) = await api.SendAsync("GET", $"{path}/a");
        await api.SendAsync("DELETE", $"{path}/a");
        (string deleted, UnknownObject third) = await NextAsync(frames);

        Assert.Equal($"{MediaType}; stream=watch", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(("ADDED", "MODIFIED", "DELETED"), (added, modified, deleted));
        Assert.Equal(("v1", "ConfigMap"), (first.ApiVersion, first.Kind));
        Assert.Equal(("1", "2"), (ConfigMap(first)["data"]!["x"]!.ToString(), ConfigMap(second)["data"]!["x"]!.ToString()));
        Assert.Equal(Revision(kept), Revision(ConfigMap(second)));
        Assert.True(long.Parse(Revision(ConfigMap(third))) > long.Parse(Revision(kept)));
    }

    [Fact]
    public async Task Watch_ProtobufWithInitialEvents_EndsThemWithABookmark()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"w":"1"}}}""");

        using HttpResponseMessage response = await api.AskAsync(
            "GET",
            $"{path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=w%3D1",
            accept: $"{MediaType};stream=watch");
        await using Stream frames = await response.Content.ReadAsStreamAsync(Token);
        (string added, UnknownObject first) = await NextAsync(frames);
        (string type, UnknownObject bookmark) = await NextAsync(frames);

        JsonObject marked = ConfigMap(bookmark);
        Assert.Equal(("ADDED", "BOOKMARK"), (added, type));
        Assert.Equal(("v1", "ConfigMap"), (bookmark.ApiVersion, bookmark.Kind));
        Assert.Equal("true", marked["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!.ToString());
        Assert.True(long.Parse(Revision(marked)) >= long.Parse(Revision(ConfigMap(first))));
    }

    [Fact]
    public async Task Watch_ProtobufOfWhatIsCompacted_EndsWithAStatus()
    {
        string path = await api.ConfigMapsAsync();
        (_, JsonNode first) = await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        await api.SendAsync("POST", path, """{"metadata":{"name":"b"}}""");
        (_, JsonNode last) = await api.SendAsync("POST", path, """{"metadata":{"name":"c"}}""");
        await api.Server.Store.CompactAsync(long.Parse(Revision(last)), Token); // which is itself still told
        await api.RestartAsync();

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"{path}?watch=true&resourceVersion={Revision(first)}", accept: MediaType);
        await using Stream frames = await response.Content.ReadAsStreamAsync(Token);
        (string type, UnknownObject error) = await NextAsync(frames);

        JsonObject status = ProtobufReader.Read(error.Raw, SchemaCatalog.BuiltIn["meta/v1.Status"]);
        Assert.Equal(("ERROR", "v1", "Status"), (type, error.ApiVersion, error.Kind));
        Assert.Equal(("Failure", "Expired", "410"), (status["status"]!.ToString(), status["reason"]!.ToString(), status["code"]!.ToString()));
        Assert.Equal(0, await frames.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task Watch_ProtobufOfAnotherVersion_HasItsGroup()
    {
        string ns = (await api.ConfigMapsAsync()).Split('/')[4];
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/events", $$$"""
            {"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{{ns}}}"},"reason":"R","message":"told"}
            """);

        using HttpResponseMessage response = await api.AskAsync(
            "GET", $"/apis/events.k8s.io/v1/namespaces/{ns}/events?watch=true", accept: MediaType);
        await using Stream frames = await response.Content.ReadAsStreamAsync(Token);
        (_, UnknownObject found) = await NextAsync(frames);

        Assert.Equal(("events.k8s.io/v1", "Event"), (found.ApiVersion, found.Kind));
        Assert.Equal("told", ProtobufReader.Read(found.Raw, SchemaCatalog.BuiltIn["events/v1.Event"])["note"]!.ToString());
    }

    /// <summary>One event: its length, then a WatchEvent whose object is a RawExtension with a framed object.</summary>
    private static async Task<(string Type, UnknownObject Object)> NextAsync(Stream frames)
    {
        byte[] length = new byte[4];
        await frames.ReadExactlyAsync(length, Token);
        byte[] frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await frames.ReadExactlyAsync(frame, Token);
        return Read(frame);
    }

    private static (string Type, UnknownObject Object) Read(byte[] frame)
    {
        WireReader notice = new(frame);
        Assert.Equal((1, 2), notice.ReadTag());
        string type = Encoding.UTF8.GetString(notice.ReadBytes());
        Assert.Equal((2, 2), notice.ReadTag());
        WireReader extension = new(notice.ReadBytes());
        Assert.True(notice.IsAtEnd);
        Assert.Equal((1, 2), extension.ReadTag());
        UnknownObject found = ProtobufReader.ReadFrame(extension.ReadBytes());
        Assert.True(extension.IsAtEnd);
        return (type, found);
    }

    private static JsonObject ConfigMap(UnknownObject found) =>
        ProtobufReader.Read(found.Raw, SchemaCatalog.BuiltIn["core/v1.ConfigMap"]);

    private static string Revision(JsonNode document) => document["metadata"]!["resourceVersion"]!.ToString();
}
