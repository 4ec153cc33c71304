using System.Collections.Immutable;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Events;
using Noded.Kubelet.Eviction;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Status;
using Noded.Kubelet.Tests.Pods;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Eviction;

public sealed class EvictionManagerTests
{
    private const long Mebi = 1 << 20;

    private readonly ScriptedStats _stats = new();
    private readonly List<PodReport> _pods = [];
    private readonly List<(string Pod, PodFailure Failure)> _evicted = [];
    private readonly TestClock _clock = new();
    private readonly EventRecorder _events;
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private Action _reclaim = () => { };

    public EvictionManagerTests() =>
        _events = new EventRecorder(100, new FlightRecorder(100, TimeProvider.System), TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memory_IsShort_EndsThePodFarthestAboveItsRequest()
    {
        Add("modest", memory: 300 * Mebi, request: "400Mi");
        Add("greedy", memory: 250 * Mebi, request: "100Mi");
        Add("greedier", memory: 90 * Mebi, request: null, priority: 100);
        _stats.Set("memory.available", 50 * Mebi, 1000 * Mebi);

        await SynchronizeAsync();

        (string pod, PodFailure failure) = Assert.Single(_evicted);
        Assert.Equal("greedy", pod);
        Assert.Equal(("Evicted", TimeSpan.FromSeconds(1), true), (failure.Reason, failure.GracePeriod, failure.IsDisruption));
        Assert.Equal(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container app was using 250Mi, request is 100Mi, has larger consumption of memory. ",
            failure.Message);
        Assert.Contains(_events.Read(), e => e is { Reason: "EvictionThresholdMet", Message: "Attempting to reclaim memory" });
        Assert.Contains(_events.Read(), e => e.Reason == "NodeHasInsufficientMemory");
        string metrics = await _registry.ReadTextAsync();
        Assert.Contains("kubelet_evictions{eviction_signal=\"memory.available\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "kubelet_eviction_stats_age_seconds_count{eviction_signal=\"memory.available\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_IsShort_ThePodsOwnRequestCounts()
    {
        Add("modest", memory: 300 * Mebi, request: null).Pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new("400Mi") },
        };
        Add("greedy", memory: 250 * Mebi, request: null);
        _stats.Set("memory.available", 50 * Mebi, 1000 * Mebi);

        await SynchronizeAsync();

        Assert.Equal("greedy", Assert.Single(_evicted).Pod);
    }

    [Fact]
    public async Task Memory_IsShort_WhatTheRuntimeTakesIsAskedFor()
    {
        Add("modest", memory: 300 * Mebi, request: null).Pod.Spec.Overhead =
            new Dictionary<string, ResourceQuantity> { ["memory"] = new("400Mi") };
        Add("greedy", memory: 250 * Mebi, request: null);
        _stats.Set("memory.available", 50 * Mebi, 1000 * Mebi);

        await SynchronizeAsync();

        Assert.Equal("greedy", Assert.Single(_evicted).Pod);
    }

    [Fact]
    public async Task Allocatable_IsShort_CountsAsMemory()
    {
        Add("web", memory: 10 * Mebi, request: null);
        _stats.Set("memory.available", 500 * Mebi, 1000 * Mebi);
        _stats.Set("allocatableMemory.available", 50 * Mebi, 200 * Mebi);

        await SynchronizeAsync();

        Assert.Equal("web", Assert.Single(_evicted).Pod);
    }

    [Fact]
    public async Task Memory_IsShort_PodsThatTheNodeNeedsStay()
    {
        Add("apiserver", memory: 900 * Mebi, request: null, priorityClass: "system-node-critical");
        _stats.Set("memory.available", 50 * Mebi, 1000 * Mebi);

        await SynchronizeAsync();

        Assert.Empty(_evicted);
    }

    [Fact]
    public async Task Disk_IsShortUntilImagesAreGone_EndsNoPod()
    {
        Add("web", disk: 10 * Mebi);
        _stats.Set("nodefs.available", 5, 100);
        _reclaim = () => _stats.Set("nodefs.available", 50, 100);

        await SynchronizeAsync();

        Assert.Empty(_evicted);
    }

    [Fact]
    public async Task Disk_StaysShort_EndsThePodThatUsesMost()
    {
        Add("small", disk: 10 * Mebi);
        Add("large", disk: 20 * Mebi);
        _stats.Set("nodefs.available", 5, 100);

        await SynchronizeAsync();

        (string pod, PodFailure failure) = Assert.Single(_evicted);
        Assert.Equal("large", pod);
        Assert.StartsWith("The node was low on resource: ephemeral-storage. Threshold quantity: 10, available: 5. ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pids_AreShort_EndsThePodWithMost()
    {
        Add("few", pids: 10);
        Add("many", pids: 1000);
        _stats.Set("pid.available", 5, 100);

        await SynchronizeAsync(EvictionOptions.Default with
        {
            Thresholds = [new EvictionThreshold("pid.available", new(10, 0), TimeSpan.Zero, new(0, 0))],
            MaxPodGracePeriod = TimeSpan.FromSeconds(7),
        });

        Assert.Equal(("many", TimeSpan.FromSeconds(7)), (_evicted.Single().Pod, _evicted.Single().Failure.GracePeriod));
    }

    [Theory]
    [InlineData("volume", "Usage of EmptyDir volume \"cache\" exceeds the limit \"1Mi\". ")]
    [InlineData("container", "Container app exceeded its local ephemeral storage limit \"1Mi\". ")]
    [InlineData("pod", "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ")]
    public async Task Limit_OfItsOwnDisk_EndsThePod(string what, string message)
    {
        PodReport report = Add("web", disk: 2 * Mebi);
        ResourceQuantity limit = new("1Mi");
        if (what == "volume")
        {
            report.Pod.Spec.Volumes =
                [new V1Volume { Name = "cache", EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = limit } }];
        }
        else
        {
            report.Pod.Spec.Containers[0].Resources =
                new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["ephemeral-storage"] = limit } };
        }

        _stats.Usages["web"] = new PodUsage(0, what == "container" ? Mebi : 2 * Mebi, 0, 0)
        {
            Volumes = ImmutableDictionary<string, long>.Empty.Add("cache", 2 * Mebi),
            Containers = ImmutableDictionary<string, (long, long)>.Empty.Add("app", (0, 2 * Mebi)),
        };

        await SynchronizeAsync();

        Assert.Equal(message, Assert.Single(_evicted).Failure.Message);
    }

    [Fact]
    public async Task Pods_ThatAreOver_CountForNothing()
    {
        Add("job", memory: 900 * Mebi, request: null, phase: "Succeeded");
        _stats.Set("memory.available", 50 * Mebi, 1000 * Mebi);

        await SynchronizeAsync();

        Assert.Empty(_evicted);
    }

    [Fact]
    public async Task Evicted_Pod_HasFailedAndRunsNoMore()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        await kubelet.DesireAsync(SamplePods.APod());

        kubelet.Inbox.Post(new SyncEvent.PodEvicted(new PodUid("u1"), PodFailure.Evicted("no room", TimeSpan.FromSeconds(1))));
        await kubelet.SettleAsync();

        AssertEvicted(kubelet);
        Assert.Equal([TimeSpan.FromSeconds(2)], kubelet.Runtime.GracePeriods);
        Assert.Contains(kubelet.Events.Read(), e => e is { Reason: "Evicted", Type: "Warning", Message: "no room" });
        await using KubeletHarness next = await kubelet.SucceedAsync();
        await next.DesireAsync(SamplePods.APod());
        AssertEvicted(next);
    }

    private static void AssertEvicted(KubeletHarness kubelet)
    {
        V1PodStatus status = kubelet.Statuses.Reports[new PodUid("u1")].Status;
        Assert.Equal(("Failed", "Evicted", "no room"), (status.Phase, status.Reason, status.Message));
        Assert.Contains(
            status.Conditions, c => c is { Type: "DisruptionTarget", Status: "True", Reason: "TerminationByKubelet", Message: "no room" });
        Assert.Empty(kubelet.Alive());
    }

    private PodReport Add(
        string name,
        long memory = 0,
        string? request = null,
        int? priority = null,
        string? priorityClass = null,
        long disk = 0,
        long pids = 0,
        string phase = "Running")
    {
        Pod pod = SamplePods.APod(name, name).With(container => container.Resources = new V1ResourceRequirements
        {
            Requests = request is null ? null : new Dictionary<string, ResourceQuantity> { ["memory"] = new(request) },
        });
        pod.Spec.Priority = priority;
        pod.Spec.PriorityClassName = priorityClass;
        _stats.Usages[name] = new PodUsage(memory, disk, 0, pids)
        {
            Containers = ImmutableDictionary<string, (long, long)>.Empty.Add("app", (memory, disk)),
        };
        PodReport report = new(pod, new V1PodStatus { Phase = phase });
        _pods.Add(report);
        return report;
    }

    private Task SynchronizeAsync(EvictionOptions? options = null) => new EvictionManager(
        options ?? EvictionOptions.Default,
        _stats,
        () => _pods,
        _ =>
        {
            _reclaim();
            return Task.CompletedTask;
        },
        (uid, failure) => _evicted.Add((uid.Value, failure)),
        new EvictionServices(
            _events, new Kubelet.Pods.PodMetrics(Metrics.WithCustomRegistry(_registry)), _clock, NullLogger.Instance))
        .SynchronizeAsync(Token);

    private sealed class ScriptedStats : INodeStats
    {
        private ImmutableDictionary<string, SignalObservation> _observed = ImmutableDictionary<string, SignalObservation>.Empty;

        public Dictionary<string, PodUsage> Usages { get; } = [];

        public void Set(string signal, long available, long capacity) =>
            _observed = _observed.SetItem(signal, new(available, capacity));

        public ImmutableDictionary<string, SignalObservation> Observe() => _observed;

        public Task<PodUsage> MeasureAsync(PodReport report, bool withDisk, CancellationToken cancellationToken) =>
            Task.FromResult(Usages[report.Pod.Uid.Value]);
    }
}
