using Grpc.Core;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>A node whose runtime does not answer as it should: a proxy in between delays, fails and refuses its calls.</summary>
[Trait("Category", "E2E")]
public sealed class RuntimeFaultTests
{
    private const string Cri = "/runtime.v1.RuntimeService/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_AllRefused_RelistAloneSuffices()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using GrpcFaultProxy proxy = await node.InterposeAsync(Token);
        proxy.Add("/containerd.services.events.v1.Events/*", new GrpcFault.Fail(StatusCode.Unimplemented));
        proxy.Add(Cri + "GetContainerEvents", new GrpcFault.Fail(StatusCode.Unimplemented));
        await node.StartDaemonAsync(["has no event stream for us", "Listening on"], Token);

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started", Token);
        await node.WaitIdleAsync(Token);
        string first = (await node.OnlyContainerAsync(Token)).ContainerId;

        await node.KillAsync(Assert.Single(await node.TestProgramPidsAsync(Token)), Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started" && nodeEvent.Count > 1, Token);
        await node.WaitIdleAsync(Token);
        Container second = await node.OnlyContainerAsync(Token);
        Assert.Equal((1, "running"), (second.RestartCount, second.State));
        Assert.NotEqual(first, second.ContainerId);

        node.Remove("web.yaml");
        await node.WaitIdleAsync(Token);
        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Events_OnlyCrisAreOffered_AreUsedWhereTheRuntimeHasThem()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using GrpcFaultProxy proxy = await node.InterposeAsync(Token);
        proxy.Add("/containerd.services.events.v1.Events/*", new GrpcFault.Fail(StatusCode.Unimplemented));

        await node.StartDaemonAsync(["Listening on"], Token);
        await proxy.WaitForCallAsync(Cri + "GetContainerEvents", Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started", Token);

        await node.KillAsync(Assert.Single(await node.TestProgramPidsAsync(Token)), Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started" && nodeEvent.Count > 1, Token);
    }

    [Theory]
    [InlineData("RunPodSandbox")]
    [InlineData("CreateContainer")]
    [InlineData("StartContainer")]
    public async Task Start_CallIsDoneAndItsAnswerLost_ThereIsOneOfEverything(string call)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using GrpcFaultProxy proxy = await node.InterposeAsync(Token);
        proxy.Add(Cri + call, new GrpcFault.FailAfterSuccess(StatusCode.DeadlineExceeded), when => when.Number == 1);
        proxy.Add(Cri + "ListContainers", new GrpcFault.Delay(TimeSpan.FromMilliseconds(50)));
        await node.StartDaemonAsync(Token);

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Running", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        Assert.Equal("running", (await node.OnlyContainerAsync(Token)).State);
        Assert.Single(await node.TestProgramPidsAsync(Token));
        Assert.Single((await node.Sandbox.RunAsync("pgrep", ["-x", "pause"], Token)).Output.Trim().Split('\n'));
        node.Remove("web.yaml");
        await WaitUntilRemovedAsync(node);
        Assert.Empty(await node.TestProgramPidsAsync(Token));
        Assert.Equal(1, (await node.Sandbox.RunAsync("pgrep", ["-x", "pause"], Token)).ExitCode);
    }

    [Theory]
    [InlineData("StopContainer")]
    [InlineData("StopPodSandbox")]
    [InlineData("RemoveContainer")]
    [InlineData("RemovePodSandbox")]
    public async Task Stop_CallFailsFirst_IsRepeatedUntilNothingIsLeft(string call)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using GrpcFaultProxy proxy = await node.InterposeAsync(Token);
        proxy.Add(Cri + call, new GrpcFault.Fail(StatusCode.Unavailable), when => when.Number == 1);
        await node.StartDaemonAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started", Token);

        node.Remove("web.yaml");
        await proxy.WaitForCallAsync(Cri + call, Token, 2);
        await WaitUntilRemovedAsync(node);

        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
        Assert.Equal(1, (await node.Sandbox.RunAsync("pgrep", ["-x", "pause"], Token)).ExitCode);
    }

    /// <summary>On a busy machine any step may have to be repeated, and a node that waits for that is idle.</summary>
    private static async Task WaitUntilRemovedAsync(TestNode node)
    {
        await node.WaitForTimelineAsync(entry => entry is { Subject: "pod default/web-node1", What: "removed" }, 1, Token);
        await node.WaitIdleAsync(Token);
    }
}
