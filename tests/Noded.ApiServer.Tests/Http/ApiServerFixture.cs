using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Tests.Hosting;

namespace Noded.ApiServer.Tests.Http;

/// <summary>An API server that all tests of a class share, spoken to over HTTP.</summary>
public sealed class ApiServerFixture : IAsyncLifetime
{
    private TestApiServer? _server;

    internal TestApiServer Server => _server!; // set before the first test

    internal HttpClient Admin { get; private set; } = new();

    public async ValueTask InitializeAsync()
    {
        _server = await TestApiServer.StartAsync(TestContext.Current.CancellationToken);
        Admin = _server.Admin();
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>Starts the server anew on the same store.</summary>
    internal async Task RestartAsync()
    {
        await Server.RestartAsync(TestContext.Current.CancellationToken);
        Admin.Dispose();
        Admin = Server.Admin();
    }

    /// <summary>Sends a request and returns the code and the object of the answer.</summary>
    internal async Task<(int Code, JsonNode Body)> SendAsync(
        string method, string path, string? body = null, string mediaType = "application/json", string? accept = null)
    {
        using HttpResponseMessage response = await AskAsync(
            method, path, body is null ? null : Encoding.UTF8.GetBytes(body), mediaType, accept);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, JsonNode.Parse(text)!); // every answer here is an object
    }

    internal async Task<HttpResponseMessage> AskAsync(
        string method, string path, byte[]? body = null, string mediaType = "application/json", string? accept = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await Admin.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Makes a namespace and returns the path of its ConfigMaps.</summary>
    internal async Task<string> ConfigMapsAsync()
    {
        string name = $"t-{Guid.NewGuid():N}"[..12];
        (int code, _) = await SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        Assert.Equal(201, code);
        return $"/api/v1/namespaces/{name}/configmaps";
    }

    /// <summary>Waits until a namespace has the account that its pods get.</summary>
    internal async Task AccountAsync(string ns)
    {
        using HttpResponseMessage response = await AskAsync(
            "GET", $"/api/v1/namespaces/{ns}/serviceaccounts?watch=true&fieldSelector=metadata.name%3Ddefault");
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await lines.ReadLineAsync(TestContext.Current.CancellationToken));
    }
}
