using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>Lifecycle hooks of the test image on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class LifecycleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hooks_OfAPod_RunAtItsStartAndItsEnd()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Web(
            "lifecycle: {postStart: {exec: {command: [/testimage, exit, \"0\"]}}, preStop: {exec: {command: [/testimage, exit, \"3\"]}}}"));
        await node.WaitIdleAsync(Token);
        Assert.Equal("running", (await node.OnlyContainerAsync(Token)).State);

        node.Remove("web.yaml");
        await node.WaitForEventAsync(
            nodeEvent => nodeEvent is { Reason: "FailedPreStopHook", Message: "PreStopHook failed" }, Token);
        await node.WaitIdleAsync(Token);

        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task PostStart_Fails_TheContainerIsEndedAndTriedAgain()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Web("lifecycle: {postStart: {exec: {command: [/testimage, exit, \"3\"]}}}"));
        await node.WaitForEventAsync(nodeEvent => nodeEvent is { Reason: "FailedPostStartHook", Count: 2 }, Token);
        await node.WaitIdleAsync(Token);

        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal((1, "CrashLoopBackOff"), (container.RestartCount, container.Reason));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    private static string Web(string field) => Manifest.Web("web", 8080) + $"\n    {field}";
}
