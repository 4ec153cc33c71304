using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Probes;

/// <summary>What a daemon knows of the probes of the one before it.</summary>
public sealed class ProbeStateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly TestClock _clock = new();
    private readonly ActivityTracker _activity = new();
    private readonly ScriptedProber _prober = new();
    private readonly Pod _pod = SamplePods.APod().With(container =>
    {
        container.StartupProbe = ProbeManagerTests.AProbe();
        container.ReadinessProbe = ProbeManagerTests.AProbe();
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string StateFile => Path.Combine(_directory.FullName, "u1");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Daemon_Returns_WhatWasReadyIsReadyUntilItsProbeSaysOtherwise()
    {
        PodStatus status = Running("c1");
        await BecomeReadyAsync(status);

        ProbeManager second = NewManager();
        Assert.Equal(new ContainerHealth(true, true, null), second.Update(_pod, status).Of(new ContainerId("c1")));

        // The first probe of the new daemon may be due at once.
        await _activity.WaitIdleAsync(Token);
        _prober.Say(ProbeVerdict.Failure);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(second.Update(_pod, status).Of(new ContainerId("c1")).IsReady);
            await AdvanceAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(new ContainerHealth(true, false, null), second.Update(_pod, status).Of(new ContainerId("c1")));
        await second.StopAsync();
    }

    [Fact]
    public async Task Daemon_Returns_AContainerThatIsNewHasAchievedNothing()
    {
        await BecomeReadyAsync(Running("c1"));

        ProbeManager second = NewManager();

        Assert.Equal(
            new ContainerHealth(false, false, null), second.Update(_pod, Running("c2")).Of(new ContainerId("c2")));
        await second.StopAsync();
    }

    [Fact]
    public async Task Daemon_Returns_ProbesSpreadOverTheirPeriod()
    {
        PodStatus status = Running("c1");
        await BecomeReadyAsync(status);
        int calls = _prober.Calls.Length;
        ProbeManager second = NewManager(jitter: 0.3);
        second.Update(_pod, status);

        await AdvanceAsync(TimeSpan.FromSeconds(2.9));
        Assert.Equal(calls, _prober.Calls.Length);
        await AdvanceAsync(TimeSpan.FromSeconds(0.1));

        Assert.Equal(calls + 1, _prober.Calls.Length);
        await second.StopAsync();
    }

    [Fact]
    public async Task Remove_OfThePod_RemovesWhatWasKept()
    {
        await BecomeReadyAsync(Running("c1"));
        Assert.True(File.Exists(StateFile));

        await NewManager().RemoveAsync(_pod.Uid);

        Assert.False(File.Exists(StateFile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("c1")]
    [InlineData("c1 Nonsense\n\n")]
    [InlineData("c1 Readiness and more")]
    public async Task StateFile_ThatIsDamaged_CountsAsNothingAchieved(string content)
    {
        await File.WriteAllTextAsync(StateFile, content, Token);
        ProbeManager manager = NewManager();

        PodHealth health = manager.Update(_pod, Running("c1"));

        Assert.Equal(new ContainerHealth(false, false, null), health.Of(new ContainerId("c1")));
        await manager.StopAsync();
    }

    [Fact]
    public async Task StateFile_ThatCannotBeWritten_CostsNothingNow()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "file"), string.Empty, Token);
        ProbeManager manager = NewManager("file/below");
        manager.Update(_pod, Running("c1"));

        await AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.True(manager.Update(_pod, Running("c1")).Of(new ContainerId("c1")).IsStarted);
        await manager.StopAsync();
    }

    private async Task BecomeReadyAsync(PodStatus status)
    {
        ProbeManager first = NewManager();
        first.Update(_pod, status);
        await AdvanceAsync(TimeSpan.FromSeconds(10));
        first.Update(_pod, status);
        await _activity.WaitIdleAsync(Token);
        Assert.True(first.Update(_pod, status).Of(new ContainerId("c1")).IsReady);
        await first.StopAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));
    }

    private async Task AdvanceAsync(TimeSpan time)
    {
        // Timers are armed by the workers' own loops.
        await _activity.WaitIdleAsync(Token);
        _clock.Advance(time);
        await _activity.WaitIdleAsync(Token);
    }

    private ProbeManager NewManager(string directory = ".", double jitter = 0)
    {
        FlightRecorder flight = new(64, _clock);
        ProbeWorkerServices services = new(
            new RetryingProber(_prober, new EventRecorder(64, flight, _clock)),
            new ProbeMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry())),
            _activity, _clock, () => jitter, NullLogger.Instance);
        return new ProbeManager(
            Path.Combine(_directory.FullName, directory), new PodAddress("192.0.2.1"), services, new SyncInbox(new ActivityTracker(), flight));
    }

    private PodStatus Running(string id) => PodStatus.Empty(_pod.Uid) with
    {
        Containers =
        [
            new ContainerStatus(
                new ContainerId(id), new PodSandboxId("s1"), "app", 0, ContainerState.Running, _clock.Start, _clock.Start,
                null, 0, string.Empty, string.Empty, "image", "image", "hash"),
        ],
    };
}
