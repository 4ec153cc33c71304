using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>Probes of the test image on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class ProbeTests
{
    private const int Sigkill = 9;

    private const string Health = "httpGet: {path: /health, port: 8080}, periodSeconds: 1, failureThreshold: 1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readiness_FailsAndRecovers_TheContainerIsReadyAccordingly()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web($"readinessProbe: {{{Health}}}"));
        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe succeeds", 1, Token);
        await node.WaitIdleAsync(Token);
        Assert.True((await node.OnlyContainerAsync(Token)).Ready);

        await node.FetchAsync("http://127.0.0.1:8080/health/fail", Token);
        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe fails", 1, Token);
        await node.WaitIdleAsync(Token);
        Container unready = await node.OnlyContainerAsync(Token);
        Assert.Equal((false, 0, "running"), (unready.Ready, unready.RestartCount, unready.State));
        await node.FetchAsync("http://127.0.0.1:8080/health/ok", Token);
        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe succeeds", 2, Token);
        await node.WaitIdleAsync(Token);

        Assert.True((await node.OnlyContainerAsync(Token)).Ready);
        await node.WaitForEventAsync(
            nodeEvent => nodeEvent is { Reason: "Unhealthy", Message: "Readiness probe failed: HTTP probe failed with statuscode: 503" },
            Token);
    }

    [Fact]
    public async Task Metrics_OfProbes_HaveAPathOfTheirOwn()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web($"readinessProbe: {{{Health}}}"));
        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe succeeds", 1, Token);

        Assert.Matches(
            "prober_probe_total{probe_type=\"Readiness\",result=\"successful\",container=\"main\",pod=\"web-node1\",",
            await node.FetchAsync("http://127.0.0.1:10248/metrics/probes", Token));
        Assert.DoesNotContain(
            "prober_probe_total", await node.FetchAsync("http://127.0.0.1:10248/metrics", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Liveness_Fails_TheContainerIsRestarted()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web($"livenessProbe: {{{Health}}}"));
        await node.WaitIdleAsync(Token);

        await node.FetchAsync("http://127.0.0.1:8080/health/fail", Token);
        await node.WaitForEventAsync(
            nodeEvent => nodeEvent is { Reason: "Killing", Message: "Container main failed liveness probe, will be restarted" },
            Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent is { Reason: "Started", Count: 2 }, Token);
        await node.WaitIdleAsync(Token);

        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal((1, "running"), (container.RestartCount, container.State));
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Theory]
    [InlineData("exec: {command: [/testimage, exit, \"0\"]}")]
    [InlineData("grpc: {port: 8081}")]
    [InlineData("tcpSocket: {port: 8080}")]
    public async Task Startup_Succeeds_TheContainerIsReadyOnlyThen(string handler)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web(
            $"startupProbe: {{{handler}, periodSeconds: 1}}", $"readinessProbe: {{{handler}, periodSeconds: 1}}"));
        await node.WaitIdleAsync(Token);
        Assert.False((await node.OnlyContainerAsync(Token)).Ready);

        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe succeeds", 1, Token);
        await node.WaitIdleAsync(Token);

        Assert.True((await node.OnlyContainerAsync(Token)).Ready);
        List<string> found = [.. (await node.TimelineAsync(Token)).Select(entry => entry.What)
            .Where(what => what.EndsWith("probe succeeds", StringComparison.Ordinal))];
        Assert.Equal(["Startup probe succeeds", "Readiness probe succeeds"], found);
    }

    [Fact]
    public async Task Exec_ThatFails_TellsWhatItWrote()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Web("readinessProbe: {exec: {command: [/testimage, nonsense]}, periodSeconds: 1}"));
        Event unhealthy = await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Unhealthy", Token);

        Assert.StartsWith("Readiness probe failed: ", unhealthy.Message, StringComparison.Ordinal);
        Assert.False((await node.OnlyContainerAsync(Token)).Ready);
    }

    [Fact]
    public async Task Daemon_KilledAndBack_ReadinessNeverFlips()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web(
            $"startupProbe: {{{Health}}}", "readinessProbe: {httpGet: {path: /health, port: 8080}, periodSeconds: 60}"));
        await node.WaitForTimelineAsync(entry => entry.What == "Readiness probe succeeds", 1, Token);

        await node.StopDaemonAsync(Sigkill, Token);
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        Assert.True((await node.OnlyContainerAsync(Token)).Ready);
        Assert.DoesNotContain(
            await node.TimelineAsync(Token), entry => entry.What.Contains("probe", StringComparison.Ordinal));
    }

    private static string Web(params string[] fields) =>
        Manifest.Pod("web", "Always", "serve", "--http", "8080", "--grpc", "8081")
        + string.Concat(fields.Select(field => $"\n    {field}"));
}
