using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Pleg;

public sealed class EventedPlegTests : IAsyncDisposable
{
    private readonly TestClock _clock = new();
    private readonly ScriptedRuntimeEvents _events = new();
    private readonly FakeRuntimeService _runtime;
    private readonly ContainerIndex _index = new();
    private readonly SyncInbox _inbox = new(new ActivityTracker(), new FlightRecorder(16, TimeProvider.System));
    private readonly Channel<string> _relists = Channel.CreateUnbounded<string>();
    private readonly GenericPleg _generic;
    private readonly EventedPleg _pleg;
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private Task<TimeSpan>? _armed;

    public EventedPlegTests()
    {
        _runtime = new FakeRuntimeService(_clock)
        {
            OnDone = (operation, target) =>
            {
                if (operation == "list_containers" && target == "all")
                {
                    _relists.Writer.TryWrite(target);
                }
            },
        };
        PlegMetrics metrics = new(Metrics.WithCustomRegistry(_registry));
        _generic = new GenericPleg(_runtime, _index, _inbox, metrics, _clock, NullLogger<GenericPleg>.Instance);
        _pleg = new EventedPleg(
            _events, _generic, _index, _inbox, metrics, new FlightRecorder(16, _clock), _clock,
            NullLogger<EventedPleg>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_StreamOpens_ListsAndThenReportsTheRuntime()
    {
        await AddSandboxAsync("u1");

        Start();

        Assert.Equal(PodLifecycleEventType.ContainerStarted, (await NextLifecycleAsync()).Type);
        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
    }

    [Fact]
    public async Task Run_KnownContainerExits_ReportsItsDeath()
    {
        ChannelWriter<RuntimeEvent> stream = await StartReadyAsync();
        _index.Add(new ContainerId("c1"), new PodUid("u1"));

        stream.TryWrite(new RuntimeEvent(RuntimeEventType.Exited, new ContainerId("c1"))
        {
            Time = _clock.GetUtcNow() - TimeSpan.FromMilliseconds(250),
        });

        Assert.Equal(
            new PodLifecycleEvent(
                new PodUid("u1"), null, PodLifecycleEventType.ContainerDied, new ContainerId("c1")),
            await NextLifecycleAsync());
        Assert.Contains(
            "kubelet_evented_pleg_connection_latency_seconds_sum 0.25\n", await _registry.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_UnknownContainerExits_AsksTheList()
    {
        ChannelWriter<RuntimeEvent> stream = await StartReadyAsync();
        PodSandboxId sandbox = await AddSandboxAsync("u1");
        _runtime.LoseSandbox(sandbox);

        stream.TryWrite(new RuntimeEvent(RuntimeEventType.Exited, new ContainerId(sandbox.Value)));

        PodLifecycleEvent lifecycle = await NextLifecycleAsync();
        Assert.Equal((new PodUid("u1"), PodLifecycleEventType.ContainerDied), (lifecycle.Pod, lifecycle.Type));
    }

    [Fact]
    public async Task Run_ContainerIsDeleted_ReportsAndForgetsIt()
    {
        ChannelWriter<RuntimeEvent> stream = await StartReadyAsync();
        _index.Add(new ContainerId("c1"), new PodUid("u1"));

        stream.TryWrite(new RuntimeEvent(RuntimeEventType.OutOfMemory, new ContainerId("c1")));
        stream.TryWrite(new RuntimeEvent(RuntimeEventType.Deleted, new ContainerId("c1")));

        Assert.Equal(PodLifecycleEventType.ContainerRemoved, (await NextLifecycleAsync()).Type);
        Assert.Null(_index.TryGet(new ContainerId("c1")));
    }

    [Fact]
    public async Task Run_StreamBreaks_ListsAgainAndReportsTheRuntime()
    {
        ChannelWriter<RuntimeEvent> stream = await StartReadyAsync();

        stream.Complete(new IOException("scripted"));
        await AdvanceUntilAsync(_events.NextSubscriptionAsync(Token).AsTask());

        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
    }

    [Fact]
    public async Task Run_StreamEndsWithoutAnError_IsOpenedAgain()
    {
        ChannelWriter<RuntimeEvent> stream = await StartReadyAsync();

        stream.Complete();
        await AdvanceUntilAsync(_events.NextSubscriptionAsync(Token).AsTask());

        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
    }

    [Fact]
    public async Task Run_RuntimeHasNoStream_ListsEachSecondAndReportsTheRuntimeOnce()
    {
        _events.Refusal = () => new RuntimeCallException("subscribe", "fake", StatusCode.Unimplemented, "scripted");

        long start = _clock.GetTimestamp();
        Start();
        for (int i = 0; i < 9; i++)
        {
            await AdvanceUntilAsync(_relists.Reader.ReadAsync(Token).AsTask());
        }

        // The pauses grow from 50 ms to a second.
        Assert.True(_clock.GetElapsedTime(start) >= TimeSpan.FromSeconds(4.55));
        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
        Assert.False(_inbox.Reader.TryRead(out _));
        Assert.False(_pleg.HasStream);
    }

    [Fact]
    public async Task Run_RuntimeWasGone_ReportsItWhenItAnswers()
    {
        bool isGone = true;
        _runtime.OnCall = (operation, _, _) => isGone
            ? throw new RuntimeCallException(operation, "fake", StatusCode.Unavailable, "scripted")
            : Task.CompletedTask;
        Start();
        await _events.NextSubscriptionAsync(Token);
        await AdvanceUntilAsync(_events.NextSubscriptionAsync(Token).AsTask());
        Assert.False(_inbox.Reader.TryRead(out _));
        Assert.False(_pleg.IsHealthy);

        isGone = false;
        await AdvanceUntilAsync(_inbox.Reader.WaitToReadAsync(Token).AsTask());

        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
        Assert.True(_pleg.IsHealthy);
    }

    [Fact]
    public async Task IsHealthy_NoListForAuditAndThreshold_IsFalse()
    {
        await _generic.RelistAsync(Token);
        Assert.True(_pleg.IsHealthy);

        _clock.Advance(EventedPleg.AuditPeriod + GenericPleg.RelistThreshold);

        Assert.False(_pleg.IsHealthy);
    }

    [Fact]
    public async Task Relist_ContainerIsGone_IsForgotten()
    {
        PodSandboxId sandbox = await AddSandboxAsync("u1");
        await _generic.RelistAsync(Token);
        Assert.NotNull(_index.TryGet(new ContainerId(sandbox.Value)));
        await _runtime.RemovePodSandboxAsync(sandbox, Token);

        await _generic.RelistAsync(Token);

        Assert.Null(_index.TryGet(new ContainerId(sandbox.Value)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _generic.Dispose();
    }

    private void Start() => _running = _pleg.RunAsync(_stop.Token);

    private async Task<ChannelWriter<RuntimeEvent>> StartReadyAsync()
    {
        Start();
        ChannelWriter<RuntimeEvent> stream = await _events.NextSubscriptionAsync(Token);
        Assert.IsType<SyncEvent.RuntimeReady>(await NextAsync());
        return stream;
    }

    /// <summary>Lets one timer after the other fire until the task has completed.</summary>
    private async Task AdvanceUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            // One that is left over is the next call's: each arming is told once.
            _armed ??= _clock.WaitForTimerAsync(Token);
            if (await Task.WhenAny(task, _armed) == _armed)
            {
                TimeSpan due = await _armed;
                _armed = null;
                _clock.Advance(due);
            }
        }

        await task;
    }

    private async Task<SyncEvent> NextAsync() => (await _inbox.Reader.ReadAsync(Token)).Event;

    private async Task<PodLifecycleEvent> NextLifecycleAsync() =>
        Assert.IsType<SyncEvent.Lifecycle>(await NextAsync()).Event;

    private Task<PodSandboxId> AddSandboxAsync(string uid) => _runtime.RunPodSandboxAsync(
        new PodSandboxSpec(SamplePods.APod(uid), 0, string.Empty, string.Empty, string.Empty), Token);
}
