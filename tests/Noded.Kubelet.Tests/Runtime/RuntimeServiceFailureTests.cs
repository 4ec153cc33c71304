using Grpc.Core;
using Grpc.Net.Client;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Primitives;
using Noded.Protocols.Cri.V1;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Runtime;

/// <summary>What becomes of calls that a runtime refuses, loses, or answers with nonsense, over real gRPC.</summary>
public sealed class RuntimeServiceFailureTests : IAsyncLifetime
{
    private const string Cri = "/runtime.v1.RuntimeService/";

    private static readonly PodUid Uid = new("u1");
    private static readonly ContainerId ContainerOne = new("c1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly SteppedClock _clock = new(TimeProvider.System);
    private readonly CollectorRegistry _metrics = Metrics.NewCustomRegistry();
    private ScriptedCri _cri = null!;
    private GrpcFaultProxy _proxy = null!;
    private GrpcChannel _channel = null!;
    private Noded.Kubelet.Runtime.RuntimeService _runtime = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string server = Path.Combine(_directory.FullName, "cri.sock");
        string proxy = Path.Combine(_directory.FullName, "proxy.sock");
        _cri = await ScriptedCri.StartAsync(server, Token);
        _proxy = await GrpcFaultProxy.StartAsync(proxy, server, TimeProvider.System, Token);
        _channel = UnixSocketChannel.Open(proxy);
        _runtime = new(
            _channel.CreateCallInvoker(), new RuntimeMetrics(Metrics.WithCustomRegistry(_metrics)), _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _proxy.DisposeAsync();
        await _cri.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.ResourceExhausted)]
    public async Task Call_Refused_NamesOperationObjectAndTheRuntimesWords(StatusCode code)
    {
        _proxy.Add(Cri + "StartContainer", new GrpcFault.Fail(code, "no such thing"));

        RuntimeCallException e = await FailAsync(_runtime.StartContainerAsync(ContainerOne, Token));

        Assert.Equal(($"start_container c1: {code}: no such thing", code, "no such thing"), (e.Message, e.Code, e.Detail));
        Assert.Contains(
            "kubelet_runtime_operations_errors_total{operation_type=\"start_container\"} 1", await _metrics.ReadTextAsync(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunPodSandbox_Refused_CountsByItsHandler()
    {
        _proxy.Add(Cri + "RunPodSandbox", new GrpcFault.Fail(StatusCode.Unknown, "no network"));
        PodSandboxSpec sandbox = new(SamplePods.APod(), 0, string.Empty, "/logs", "/pods/u1") { RuntimeHandler = "runsc" };

        await FailAsync(_runtime.RunPodSandboxAsync(sandbox, Token));

        string metrics = await _metrics.ReadTextAsync();
        Assert.Contains("kubelet_run_podsandbox_errors_total{runtime_handler=\"runsc\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_run_podsandbox_duration_seconds_count{runtime_handler=\"runsc\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RemoveContainer_RefusedByARuntimeThatIsNotContainerd_TellsWhatItSaid()
    {
        _proxy.Add(Cri + "RemoveContainer", new GrpcFault.Fail(StatusCode.FailedPrecondition, "something runs"));

        RuntimeCallException e = await FailAsync(_runtime.RemoveContainerAsync(ContainerOne, Token));

        Assert.Equal("remove_container c1: FailedPrecondition: something runs", e.Message);
    }

    [Fact]
    public async Task Call_ThatIsNotAnswered_EndsAtItsDeadline()
    {
        // Two minutes from a time of day that long ago.
        _clock.Step(TimeSpan.FromMinutes(-2) + TimeSpan.FromMilliseconds(300));
        _proxy.Add(Cri + "Version", new GrpcFault.Hang());

        RuntimeCallException e = await FailAsync(_runtime.VersionAsync(Token));

        Assert.Equal(StatusCode.DeadlineExceeded, e.Code);
        Assert.StartsWith("version runtime: DeadlineExceeded", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(137, "Error", true, "OOMKilled")]
    [InlineData(137, "Error", false, "Error")]
    [InlineData(1, "Error", true, "Error")]
    [InlineData(137, "StartError", true, "StartError")]
    public async Task Status_RuntimeMissedThatMemoryWasOut_IsAsTheKernelSays(
        int exitCode, string told, bool isKnown, string expected)
    {
        string[] log = isKnown ? ["oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/kubepods/c1,task=x,pid=1,uid=0"] : [];
        Noded.Kubelet.Runtime.RuntimeService runtime = new(
            _channel.CreateCallInvoker(), new RuntimeMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry())), _clock,
            outOfMemory: new OutOfMemoryKills(() => log, new FlightRecorder(16, _clock)));
        ContainerMetadata metadata = new() { Name = "app" };
        _cri.Answer("ListPodSandbox", new ListPodSandboxResponse());
        _cri.Answer("ListContainers", new ListContainersResponse
        {
            Containers =
            {
                new Protocols.Cri.V1.Container
                {
                    Id = "c1",
                    PodSandboxId = "s1",
                    Metadata = metadata,
                    Labels = { [RuntimeLabels.PodUid] = "u1" },
                },
            },
        });
        _cri.Answer("ContainerStatus", new ContainerStatusResponse
        {
            Status = new Protocols.Cri.V1.ContainerStatus
            {
                Id = "c1",
                Metadata = metadata,
                State = Protocols.Cri.V1.ContainerState.ContainerExited,
                ExitCode = exitCode,
                Reason = told,
            },
        });

        PodStatus status = await runtime.GetPodStatusAsync(Uid, Token);

        Assert.Equal(expected, Assert.Single(status.Containers).Reason);
    }

    [Fact]
    public async Task Pull_HasNoDeadline()
    {
        _clock.Step(TimeSpan.FromMinutes(-2));
        _proxy.Add("/runtime.v1.ImageService/PullImage", new GrpcFault.Fail(StatusCode.NotFound, "no such image"));

        Assert.Equal(StatusCode.NotFound, (await FailAsync(_runtime.PullImageAsync("a", null, Token))).Code);
    }

    [Fact]
    public async Task Call_CancelledByTheCaller_IsNoFailureOfTheRuntime()
    {
        _proxy.Add(Cri + "Version", new GrpcFault.Hang());
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<string> call = _runtime.VersionAsync(cancel.Token);
        await _proxy.WaitForCallAsync(Cri + "Version", Token);

        await cancel.CancelAsync();

        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancel.Token, e.CancellationToken);
    }

    [Fact]
    public async Task Call_WithoutARuntime_IsUnavailable()
    {
        using GrpcChannel nobody = UnixSocketChannel.Open(Path.Combine(_directory.FullName, "none.sock"));
        Noded.Kubelet.Runtime.RuntimeService runtime = new(
            nobody.CreateCallInvoker(), new RuntimeMetrics(Metrics.WithCustomRegistry(_metrics)), _clock);

        Assert.Equal(StatusCode.Unavailable, (await FailAsync(runtime.VersionAsync(Token))).Code);
    }

    [Fact]
    public async Task Call_ConnectionCut_IsAFailureAndTheNextCallWorks()
    {
        _cri.Answer("Version", new VersionResponse { RuntimeName = "scripted", RuntimeVersion = "1" });
        GrpcFaultRule cut = _proxy.Add(Cri + "Version", new GrpcFault.Cut());
        await FailAsync(_runtime.VersionAsync(Token));
        _proxy.Remove(cut);

        Assert.Equal("scripted 1", await _runtime.VersionAsync(Token));
    }

    [Fact]
    public async Task Stop_OfAContainerOrSandboxThatIsGone_HasStopped()
    {
        _proxy.Add(Cri + "Stop*", new GrpcFault.Fail(StatusCode.NotFound));

        await _runtime.StopPodSandboxAsync(new PodSandboxId("s1"), Token);
        await _runtime.StopContainerAsync(ContainerOne, TimeSpan.Zero, Token);
    }

    [Fact]
    public async Task Stop_ThatFailsOtherwise_IsAFailure()
    {
        _proxy.Add(Cri + "Stop*", new GrpcFault.Fail(StatusCode.Unknown));

        await FailAsync(_runtime.StopPodSandboxAsync(new PodSandboxId("s1"), Token));
        await FailAsync(_runtime.StopContainerAsync(ContainerOne, TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task Status_ContainerRemovedSinceItWasListed_IsLeftOut()
    {
        AnswerLists();
        _proxy.Add(Cri + "ContainerStatus", new GrpcFault.Fail(StatusCode.NotFound));

        PodStatus status = await _runtime.GetPodStatusAsync(Uid, Token);

        Assert.Equal("s1", Assert.Single(status.Sandboxes).Id.Value);
        Assert.Empty(status.Containers);
    }

    [Fact]
    public async Task Status_ThatFailsOtherwise_IsAFailureOfTheWhole()
    {
        AnswerLists();
        _proxy.Add(Cri + "ContainerStatus", new GrpcFault.Fail(StatusCode.Unavailable));

        Assert.StartsWith(
            "container_status c1: Unavailable", (await FailAsync(_runtime.GetPodStatusAsync(Uid, Token))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_ThatIsNotThere_IsNone()
    {
        _cri.Answer("ImageStatus", new ImageStatusResponse());

        Assert.Null(await _runtime.TryGetImageAsync("a", Token));
    }

    [Theory]
    [InlineData("ListPodSandbox")]
    [InlineData("ListContainers")]
    [InlineData("ContainerStatus")]
    public async Task Answer_ThatIsNoMessage_IsAFailure(string method)
    {
        AnswerLists();
        _cri.Answer(method, [0xff, 0xff, 0xff]);

        // The client takes what it cannot decode for a broken connection: protobuf's exception is an IOException.
        Assert.Equal(StatusCode.Unavailable, (await FailAsync(_runtime.GetPodStatusAsync(Uid, Token))).Code);
    }

    [Fact]
    public async Task Answer_SandboxWithoutMetadata_IsAFailureThatSaysSo()
    {
        ListPodSandboxResponse answer = new();
        answer.Items.Add(new Noded.Protocols.Cri.V1.PodSandbox { Id = "s1" });
        _cri.Answer("ListPodSandbox", answer);

        Assert.Equal(
            "list_podsandbox s1: Internal: the answer lacks metadata",
            (await FailAsync(_runtime.ListPodSandboxesAsync(null, Token))).Message);
    }

    [Fact]
    public async Task Answer_ContainerWithoutStatus_IsAFailureThatSaysSo()
    {
        AnswerLists();
        _cri.Answer("ContainerStatus", new ContainerStatusResponse());

        Assert.Equal(
            "container_status c1: Internal: the answer lacks status",
            (await FailAsync(_runtime.GetPodStatusAsync(Uid, Token))).Message);
    }

    [Fact]
    public async Task Answer_SandboxWithoutId_IsAFailureThatSaysSo()
    {
        _cri.Answer("RunPodSandbox", new RunPodSandboxResponse());

        Assert.EndsWith(
            "Internal: the answer lacks pod_sandbox_id",
            (await FailAsync(_runtime.RunPodSandboxAsync(
                new PodSandboxSpec(SamplePods.APod(), 0, string.Empty, string.Empty, string.Empty), Token))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_ContainersOfSomebodyElse_AreLeftOut()
    {
        ListContainersResponse answer = new();
        answer.Containers.Add(new Noded.Protocols.Cri.V1.Container { Id = "foreign" });
        _cri.Answer("ListContainers", answer);

        Assert.Empty(await _runtime.ListContainersAsync(null, Token));
    }

    private void AnswerLists()
    {
        ListPodSandboxResponse sandboxes = new();
        sandboxes.Items.Add(new Noded.Protocols.Cri.V1.PodSandbox
        {
            Id = "s1",
            Metadata = new PodSandboxMetadata { Name = "web", Namespace = "default", Uid = Uid.Value },
            State = PodSandboxState.SandboxNotready,
        });
        ListContainersResponse containers = new();
        containers.Containers.Add(new Noded.Protocols.Cri.V1.Container
        {
            Id = "c1",
            PodSandboxId = "s1",
            Metadata = new ContainerMetadata { Name = "app" },
            Labels = { [RuntimeLabels.PodUid] = Uid.Value },
        });
        _cri.Answer("ListPodSandbox", sandboxes);
        _cri.Answer("ListContainers", containers);
    }

    private static Task<RuntimeCallException> FailAsync(Task call) =>
        Assert.ThrowsAsync<RuntimeCallException>(() => call);
}
