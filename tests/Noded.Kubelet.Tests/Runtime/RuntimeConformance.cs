using System.Collections.Immutable;
using System.Text;
using Grpc.Core;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Pods;

namespace Noded.Kubelet.Tests.Runtime;

/// <summary>
/// What the kubelet relies on in a runtime. It runs on the fake of the unit tests and on real containerd: where the two
/// differ, the unit tests prove nothing.
/// </summary>
public abstract class RuntimeConformance
{
    private readonly PodUid _uid = new(Guid.NewGuid().ToString());

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract IRuntimeService Runtime { get; }

    protected abstract IImageService Images { get; }

    /// <summary>An image that is there.</summary>
    protected abstract string Image { get; }

    /// <summary>Where logs may go.</summary>
    protected abstract string LogDirectory { get; }

    protected abstract string CgroupParent { get; }

    [Fact]
    public async Task Sandbox_Run_IsReadyAndListedWithItsPod()
    {
        PodSandboxId id = await RunSandboxAsync();

        PodSandbox sandbox = Assert.Single(await Runtime.ListPodSandboxesAsync(_uid, Token));
        Assert.Equal((id, _uid, 0u, true), (sandbox.Id, sandbox.Pod, sandbox.Attempt, sandbox.IsReady));
        Assert.Equal("default/web", sandbox.PodName.ToString());
        Assert.Contains(await Runtime.ListPodSandboxesAsync(null, Token), other => other.Id == id);
        await RemoveAsync(id);
    }

    [Fact]
    public async Task Sandbox_StoppedAndRemoved_RepeatsSafely()
    {
        PodSandboxId id = await RunSandboxAsync();

        await Runtime.StopPodSandboxAsync(id, Token);
        await Runtime.StopPodSandboxAsync(id, Token);
        Assert.False(Assert.Single(await Runtime.ListPodSandboxesAsync(_uid, Token)).IsReady);
        await Runtime.RemovePodSandboxAsync(id, Token);
        await Runtime.RemovePodSandboxAsync(id, Token);
        await Runtime.StopPodSandboxAsync(id, Token);

        Assert.Empty(await Runtime.ListPodSandboxesAsync(_uid, Token));
    }

    [Fact]
    public async Task Sandbox_SameAttemptTwice_IsRefusedAndTheNextIsNot()
    {
        PodSandboxId first = await RunSandboxAsync();

        await Assert.ThrowsAsync<RuntimeCallException>(() => RunSandboxAsync());
        PodSandboxId second = await RunSandboxAsync(1);

        Assert.Equal([1u, 0u], (await Runtime.ListPodSandboxesAsync(_uid, Token)).Select(sandbox => sandbox.Attempt));
        await RemoveAsync(first, second);
    }

    [Fact]
    public async Task Container_CreatedStartedStopped_ShowsEachState()
    {
        PodSandboxId sandbox = await RunSandboxAsync();

        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        ContainerStatus created = await StatusAsync(id);
        await Runtime.StartContainerAsync(id, Token);
        ContainerStatus running = await StatusAsync(id);
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, Token);
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, Token);
        ContainerStatus exited = await StatusAsync(id);

        Assert.Equal(
            [ContainerState.Created, ContainerState.Running, ContainerState.Exited],
            new[] { created, running, exited }.Select(status => status.State));
        Assert.Equal((null, null), (created.StartedAt, created.FinishedAt));
        Assert.Equal((true, null), (running.StartedAt is not null, running.FinishedAt));
        Assert.Equal((137, true), (exited.ExitCode, exited.FinishedAt >= exited.StartedAt));
        Assert.Equal(("app", 0u, "hash", sandbox), (exited.Name, exited.Attempt, exited.SpecHash, exited.Sandbox));
        await RemoveAsync(sandbox);
    }

    [Theory]
    [InlineData(0, "Completed")]
    [InlineData(3, "Error")]
    public async Task Container_EndsByItself_TellsItsCodeAndReason(int code, string reason)
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "exit", $"{code}");

        await RunToEndAsync(_uid, id, code);

        ContainerStatus status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, code, reason), (status.State, status.ExitCode, status.Reason));
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Container_SameAttemptTwice_IsRefusedAndTheNextIsNewestFirst()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        await CreateAsync(sandbox, 0, "sleep", "1000");

        await Assert.ThrowsAsync<RuntimeCallException>(() => CreateAsync(sandbox, 0, "sleep", "1000"));
        await CreateAsync(sandbox, 1, "sleep", "1000");

        Assert.Equal(
            [1u, 0u],
            (await Runtime.GetPodStatusAsync(_uid, Token)).Containers.Select(container => container.Attempt));
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Container_StartedTwice_IsRefused()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        await Runtime.StartContainerAsync(id, Token);

        await Assert.ThrowsAsync<RuntimeCallException>(() => Runtime.StartContainerAsync(id, Token));

        Assert.Equal(ContainerState.Running, (await StatusAsync(id)).State);
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Container_RemovedWhileItRuns_IsGoneAndRepeatsSafely()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        await Runtime.StartContainerAsync(id, Token);

        await Runtime.RemoveContainerAsync(id, Token);
        await Runtime.RemoveContainerAsync(id, Token);
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, Token);

        Assert.Empty((await Runtime.GetPodStatusAsync(_uid, Token)).Containers);
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Container_InASandboxThatIsStopped_HasEndedAndNoOtherStarts()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        ContainerId late = await CreateAsync(sandbox, 0, ["sleep", "1000"], "late");
        await Runtime.StartContainerAsync(id, Token);

        await Runtime.StopPodSandboxAsync(sandbox, Token);

        Assert.Equal(ContainerState.Exited, (await StatusAsync(id)).State);
        await Assert.ThrowsAsync<RuntimeCallException>(() => Runtime.StartContainerAsync(late, Token));
        await Assert.ThrowsAsync<RuntimeCallException>(() => CreateAsync(sandbox, 1, "sleep", "1000"));
        await RemoveAsync(sandbox);
        Assert.Empty(await Runtime.ListContainersAsync(_uid, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Exec_CommandThatEnds_TellsItsCode(int code)
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        await Runtime.StartContainerAsync(id, Token);

        ExecResult result = await ExecAsync(id, TimeSpan.Zero, "/testimage", "exit", $"{code}");

        Assert.Equal((code, 0, 0), (result.ExitCode, result.Stdout.Length, result.Stderr.Length));
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Exec_CommandThatWrites_KeepsItsStreamsApart()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        await Runtime.StartContainerAsync(id, Token);

        ExecResult result = await ExecAsync(id, TimeSpan.FromSeconds(10), "/testimage", "log", "2", "1");

        Assert.StartsWith("out 1", Encoding.UTF8.GetString(result.Stdout.Span), StringComparison.Ordinal);
        Assert.StartsWith("err 2", Encoding.UTF8.GetString(result.Stderr.Span), StringComparison.Ordinal);
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Exec_CommandThatTakesTooLong_FailsAndTheContainerRunsOn()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");
        await Runtime.StartContainerAsync(id, Token);

        RuntimeCallException late = await Assert.ThrowsAsync<RuntimeCallException>(
            () => ExecAsync(id, TimeSpan.FromSeconds(1), "/testimage", "sleep", "1000"));

        Assert.Equal(StatusCode.DeadlineExceeded, late.Code);
        Assert.Equal(ContainerState.Running, (await StatusAsync(id)).State);
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Exec_WhereItCannotRun_IsRefused()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");

        RuntimeCallException unknown = await Assert.ThrowsAsync<RuntimeCallException>(
            () => ExecAsync(new ContainerId("none"), TimeSpan.Zero, "/testimage", "exit", "0"));
        await Assert.ThrowsAsync<RuntimeCallException>(() => ExecAsync(id, TimeSpan.Zero, "/testimage", "exit", "0"));
        await Runtime.StartContainerAsync(id, Token);
        await Assert.ThrowsAsync<RuntimeCallException>(() => ExecAsync(id, TimeSpan.Zero, "/missing"));

        Assert.Equal(StatusCode.NotFound, unknown.Code);
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Log_Reopened_IsRefusedUnlessTheContainerRuns()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        ContainerId id = await CreateAsync(sandbox, 0, "sleep", "1000");

        await Assert.ThrowsAsync<RuntimeCallException>(() => Runtime.ReopenContainerLogAsync(id, Token));
        await Runtime.StartContainerAsync(id, Token);
        await Runtime.ReopenContainerLogAsync(id, Token);
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, Token);
        await Assert.ThrowsAsync<RuntimeCallException>(() => Runtime.ReopenContainerLogAsync(id, Token));

        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Unknown_ContainerSandboxAndPod_AreNotFoundOrEmpty()
    {
        RuntimeCallException start = await Assert.ThrowsAsync<RuntimeCallException>(
            () => Runtime.StartContainerAsync(new ContainerId("none"), Token));
        RuntimeCallException create = await Assert.ThrowsAsync<RuntimeCallException>(
            () => CreateAsync(new PodSandboxId("none"), 0, "sleep", "1000"));
        PodStatus status = await Runtime.GetPodStatusAsync(_uid, Token);

        Assert.Equal((StatusCode.NotFound, StatusCode.NotFound), (start.Code, create.Code));
        Assert.Equal((0, 0), (status.Sandboxes.Length, status.Containers.Length));
    }

    [Fact]
    public async Task Lists_OfOnePod_HaveNothingOfAnother()
    {
        PodSandboxId sandbox = await RunSandboxAsync();
        await CreateAsync(sandbox, 0, "sleep", "1000");
        PodUid other = new(Guid.NewGuid().ToString());

        Assert.Empty(await Runtime.ListPodSandboxesAsync(other, Token));
        Assert.Empty(await Runtime.ListContainersAsync(other, Token));
        Assert.Single(await Runtime.ListContainersAsync(_uid, Token));
        await RemoveAsync(sandbox);
    }

    [Fact]
    public async Task Image_ThereOrNot_HasAnIdOrNone()
    {
        Assert.NotNull(await Images.TryGetImageAsync(Image, Token));
        Assert.Null(await Images.TryGetImageAsync("noded.internal/missing:1", Token));
    }

    /// <summary>Starts a container that ends with this code, and returns once the runtime says that it has.</summary>
    protected abstract Task RunToEndAsync(PodUid pod, ContainerId container, int exitCode);

    protected Task<PodSandboxId> RunSandboxAsync(uint attempt = 0) => Runtime.RunPodSandboxAsync(Sandbox(attempt), Token);

    protected Task<ContainerId> CreateAsync(PodSandboxId sandbox, uint attempt, params string[] arguments) =>
        CreateAsync(sandbox, attempt, arguments, "app");

    protected async Task<ContainerId> CreateAsync(PodSandboxId sandbox, uint attempt, string[] arguments, string name)
    {
        string imageRef = (await Images.TryGetImageAsync(Image, Token))!;
        Directory.CreateDirectory(Path.Combine(LogDirectory, name));
        V1Container container = SamplePods.AContainer(name, Image);
        return await Runtime.CreateContainerAsync(
            sandbox,
            Sandbox(0),
            new ContainerSpec(container, attempt, imageRef, "hash", ["/testimage"], [.. arguments], [], $"{name}/{attempt}.log"),
            Token);
    }

    private Task<ExecResult> ExecAsync(ContainerId container, TimeSpan timeout, params ImmutableArray<string> command) =>
        Runtime.ExecSyncAsync(container, command, timeout, Token);

    private PodSandboxSpec Sandbox(uint attempt) =>
        new(SamplePods.APod(_uid.Value), attempt, string.Empty, LogDirectory, $"{CgroupParent}/{_uid}");

    private async Task<ContainerStatus> StatusAsync(ContainerId id) =>
        (await Runtime.GetPodStatusAsync(_uid, Token)).Containers.Single(container => container.Id == id);

    protected async Task RemoveAsync(params ImmutableArray<PodSandboxId> sandboxes)
    {
        foreach (PodSandboxId sandbox in sandboxes)
        {
            await Runtime.RemovePodSandboxAsync(sandbox, Token);
        }
    }
}
