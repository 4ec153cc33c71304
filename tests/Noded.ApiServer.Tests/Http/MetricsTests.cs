using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

using Microsoft.Extensions.Logging;

using Noded.ApiServer.Tests.Hosting;

namespace Noded.ApiServer.Tests.Http;

/// <summary>What the server says of itself, and what it does not say.</summary>
public sealed class MetricsTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_AfterRequests_CountThemUnderUpstreamsNames()
    {
        string path = await api.ConfigMapsAsync();
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"}}""");
        await api.SendAsync("GET", $"{path}/a");
        await api.SendAsync("GET", $"{path}/none");
        await api.SendAsync("POST", $"{path}?dryRun=All", """{"metadata":{"name":"b"}}""");
        using (HttpResponseMessage watch = await api.AskAsync("GET", $"{path}?watch=true&fieldSelector=metadata.name%3Da&timeoutSeconds=1"))
        {
            await watch.Content.ReadAsStringAsync(Token);
        }

        string[] lines = (await api.Admin.GetStringAsync("/metrics", Token)).Split('\n');

        const string map = "group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\"";
        Assert.Contains(lines, line => Is(line, "apiserver_request_total", "verb=\"GET\"", map, "scope=\"resource\"", "component=\"apiserver\"", "code=\"200\""));
        Assert.Contains(lines, line => Is(line, "apiserver_request_total", "verb=\"GET\"", map, "code=\"404\""));
        Assert.Contains(lines, line => Is(line, "apiserver_request_total", "verb=\"POST\"", map, "scope=\"namespace\"", "dry_run=\"All\"", "code=\"201\""));
        Assert.Contains(lines, line => Is(line, "apiserver_request_total", "verb=\"WATCH\"", map, "code=\"200\""));
        Assert.Contains(lines, line => Is(line, "apiserver_request_duration_seconds_count", "verb=\"POST\"", map));
        Assert.Contains(lines, line => Is(line, "apiserver_watch_events_total", "resource=\"configmaps\""));
        Assert.Contains(lines, line => Is(line, "apiserver_storage_objects", "resource=\"configmaps\"") && !line.EndsWith(" 0", StringComparison.Ordinal));
        Assert.Contains(lines, line => Is(line, "etcd_request_duration_seconds_count", "operation=\"create\"", "type=\"configmaps\""));
        Assert.Contains(lines, line => Is(line, "apiserver_current_inflight_requests", "request_kind=\"mutating\"") && line.EndsWith(" 0", StringComparison.Ordinal));
        foreach (string name in (string[])["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"])
        {
            Assert.Contains(lines, line => line.StartsWith($"{name} ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Metrics_AskedForBySomebody_NeedTheRight()
    {
        using HttpClient nobody = api.Server.Client("nobody");
        using HttpClient monitor = api.Server.Client("prometheus", "system:monitoring");

        using HttpResponseMessage refused = await nobody.GetAsync("/metrics", Token);
        using HttpResponseMessage told = await monitor.GetAsync("/metrics", Token);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, told.StatusCode));
    }

    [Fact]
    public async Task Log_AtItsMostVerbose_HasNoSecret()
    {
        const string secret = "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM=";
        LogLines log = new();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        await using TestApiServer server = await TestApiServer.StartAsync(null, loggers, Token);
        using HttpClient admin = server.Admin();
        string path = "/api/v1/namespaces/default/secrets";
        await SendAsync(admin, path, $$$$"""{"metadata":{"name":"s"},"data":{"password":"{{{{secret}}}}"}}""");
        await SendAsync(admin, path, $$$$"""{"metadata":{"name":"S_"},"data":{"password":"{{{{secret}}}}"}}""");
        await SendAsync(admin, path, $$$"""{"data":{"password":"{{{secret}}}" """);
        await SendAsync(admin, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        JsonNode made = await SendAsync(admin, "/api/v1/namespaces/default/serviceaccounts/robot/token", "{}");
        string token = made["status"]!["token"]!.ToString();
        using HttpClient robot = server.Stranger();
        foreach (string bearer in (string[])[token, $"{token}x", "abcdef.0123456789abcdef"])
        {
            robot.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            using HttpResponseMessage response = await robot.GetAsync(path, Token);
            Assert.False(response.IsSuccessStatusCode);
        }

        Assert.NotEmpty(log.Lines);
        Assert.DoesNotContain(log.Lines, line => line.Contains(secret, StringComparison.Ordinal)
            || line.Contains("secret-that-nobody-sees", StringComparison.Ordinal)
            || line.Contains(token, StringComparison.Ordinal)
            || line.Contains(token.Split('.')[2], StringComparison.Ordinal)
            || line.Contains("0123456789abcdef", StringComparison.Ordinal));
    }

    private static bool Is(string line, string name, params string[] labels) =>
        line.StartsWith($"{name}{{", StringComparison.Ordinal)
        && labels.All(label => line.Contains(label, StringComparison.Ordinal));

    private static async Task<JsonNode> SendAsync(HttpClient client, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(path, content, Token);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
    }

    /// <summary>Keeps every line of the log, with what its exceptions say.</summary>
    private sealed class LogLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Lines.Enqueue($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
