using Grpc.Net.Client;
using Noded.Kubelet.Runtime;
using Container = Noded.Protocols.Operator.V1.Container;
using Cri = Noded.Protocols.Cri.V1;

namespace Noded.E2E.Tests;

/// <summary>What survives when daemon or runtime die at once.</summary>
[Trait("Category", "E2E")]
public sealed class CrashTests
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sigkill)]
    [InlineData(Sigterm)]
    public async Task Daemon_EndsAndReturns_AdoptsThePodUntouched(int signal)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string container = (await node.OnlyContainerAsync(Token)).ContainerId;
        string pid = Assert.Single(await node.TestProgramPidsAsync(Token));

        await node.StopDaemonAsync(signal, Token);
        Assert.Equal(pid, Assert.Single(await node.TestProgramPidsAsync(Token)));
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        Container adopted = await node.OnlyContainerAsync(Token);
        Assert.Equal((container, 0, "running"), (adopted.ContainerId, adopted.RestartCount, adopted.State));
        Assert.Equal(pid, Assert.Single(await node.TestProgramPidsAsync(Token)));
        Assert.DoesNotContain(
            await node.TimelineAsync(Token),
            entry => entry.Kind == "Acted" && entry.Subject.StartsWith("pod ", StringComparison.Ordinal));
        Assert.Contains(
            await node.TimelineAsync(Token),
            entry => entry.Subject == "containerd" && entry.What.StartsWith("adopted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Container_DiesWhileTheDaemonIsAway_RunsAgain()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        await node.StopDaemonAsync(Sigkill, Token);
        await node.KillAsync(Assert.Single(await node.TestProgramPidsAsync(Token)), Token);
        await node.StartDaemonAsync(Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started", Token);
        await node.WaitIdleAsync(Token);

        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal((1, "running"), (container.RestartCount, container.State));
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Container_RemovedBehindOurBack_RunsAgainAndCounts()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string lost = (await node.OnlyContainerAsync(Token)).ContainerId;

        using (GrpcChannel channel = UnixSocketChannel.Open(node.Paths.ContainerdSocket))
        {
            await new Cri.RuntimeService.RuntimeServiceClient(channel).RemoveContainerAsync(
                new Cri.RemoveContainerRequest { ContainerId = lost[(lost.LastIndexOf('/') + 1)..] }, cancellationToken: Token);
        }

        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started" && nodeEvent.Count > 1, Token);
        await node.WaitIdleAsync(Token);
        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal((1, "running"), (container.RestartCount, container.State));
        Assert.NotEqual(lost, container.ContainerId);
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Manifest_RemovedWhileTheDaemonIsAway_PodIsRemoved()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        await node.StopDaemonAsync(Sigkill, Token);
        node.Remove("web.yaml");
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Containerd_KilledAndBack_ConvergesWithoutASecondCopy()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string container = (await node.OnlyContainerAsync(Token)).ContainerId;
        string pid = Assert.Single(await node.TestProgramPidsAsync(Token));

        await KillContainerdAsync(node);
        await node.WaitForTimelineAsync(entry => entry.What == "event stream open", 2, Token);
        await node.WaitIdleAsync(Token);

        Assert.Equal(container, (await node.OnlyContainerAsync(Token)).ContainerId);
        Assert.Equal(pid, Assert.Single(await node.TestProgramPidsAsync(Token)));

        // The new containerd tells of deaths as the old one did.
        await node.KillAsync(pid, Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent is { Reason: "Started", Count: 2 }, Token);
        await node.WaitIdleAsync(Token);
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Containerd_WithoutItsPidFile_IsAdoptedAllTheSame()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await node.StopDaemonAsync(Sigkill, Token);
        string[] file = (await File.ReadAllTextAsync(node.Paths.ContainerdPid, Token)).Split(' ');

        // As when the daemon is killed between starting containerd and writing the file.
        File.Delete(node.Paths.ContainerdPid);
        await node.StartDaemonAsync(Token);

        Assert.Equal(file, (await File.ReadAllTextAsync(node.Paths.ContainerdPid, Token)).Split(' '));
        string[] running = (await node.Sandbox.RunAsync("pgrep", ["-x", "containerd"], Token)).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([file[0]], running);
    }

    [Fact]
    public async Task Container_DiesWhileContainerdIsAway_RunsAgain()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string pid = Assert.Single(await node.TestProgramPidsAsync(Token));

        await KillContainerdAsync(node);
        await node.KillAsync(pid, Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent is { Reason: "Started", Count: 2 }, Token);
        await node.WaitIdleAsync(Token);

        Assert.Equal("running", (await node.OnlyContainerAsync(Token)).State);
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    private static async Task KillContainerdAsync(TestNode node)
    {
        string pid = (await File.ReadAllTextAsync(node.Paths.ContainerdPid, Token)).Split(' ')[0];
        await node.KillAsync(pid, Token);
    }
}
