using System.Text;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Hosting;

/// <summary>Two servers on one store, each with its controllers: what one has done, the other finds done.</summary>
public sealed class TwoServersTests
{
    private const int Dependents = 12;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Controllers_OfBoth_DoTheirWorkOnce()
    {
        await using TestApiServer first = await TestApiServer.StartAsync(Token);
        await using TestApiServer second = await TestApiServer.StartAsync(
            options => options with { Store = first.Store }, null, Token);
        using HttpClient one = first.Admin();
        using HttpClient other = second.Admin();
        await SendAsync(one, "POST", "/api/v1/namespaces", """{"metadata":{"name":"shared"}}""");

        // Both servers give the namespace what it needs.
        const string place = "/api/v1/namespaces/shared";
        await FirstEventAsync(other, $"{place}/serviceaccounts?watch=true&fieldSelector=metadata.name%3Ddefault", "ADDED");
        JsonNode authority = await FirstEventAsync(
            other, $"{place}/configmaps?watch=true&fieldSelector=metadata.name%3Dkube-root-ca.crt", "ADDED");
        Assert.Contains("BEGIN CERTIFICATE", authority["data"]!["ca.crt"]!.ToString(), StringComparison.Ordinal);

        JsonNode owner = await SendAsync(one, "POST", $"{place}/configmaps", """{"metadata":{"name":"owner"}}""");
        for (int i = 0; i < Dependents; i++)
        {
            await SendAsync(i % 2 == 0 ? one : other, "POST", $"{place}/configmaps", $$$"""
                {"metadata":{"name":"dependent-{{{i}}}","ownerReferences":[
                 {"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{{{owner["metadata"]!["uid"]}}}"}]} }
                """);
        }

        await SendAsync(one, "DELETE", $"{place}/configmaps/owner");
        await FirstEventAsync(
            other,
            $"{place}/configmaps?watch=true&fieldSelector=metadata.name%3Ddependent-{Dependents - 1}&resourceVersion={owner["metadata"]!["resourceVersion"]}",
            "DELETED");

        JsonNode namespaces = await SendAsync(one, "GET", "/api/v1/namespaces");
        await SendAsync(other, "DELETE", place);
        await FirstEventAsync(
            one,
            $"/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3Dshared&resourceVersion={namespaces["metadata"]!["resourceVersion"]}",
            "DELETED");
        JsonNode left = await SendAsync(other, "GET", $"{place}/configmaps");
        Assert.Empty(left["items"]!.AsArray());
    }

    private static async Task<JsonNode> SendAsync(HttpClient client, string method, string path, string? body = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.SendAsync(request, Token);
        string text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonNode> FirstEventAsync(HttpClient client, string path, string type)
    {
        using HttpResponseMessage response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Token);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(Token));
        while (await lines.ReadLineAsync(Token) is { } line)
        {
            JsonNode change = JsonNode.Parse(line)!;
            if (change["type"]!.ToString() == type)
            {
                return change["object"]!;
            }
        }

        throw new EndOfStreamException($"{path} ended without {type}.");
    }
}
