using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodTimesTests
{
    private static readonly DateTime Noon = new(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc);

    private readonly TestClock _clock = new();
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly PodSyncState _state;
    private readonly PodTimes _times;

    public PodTimesTests()
    {
        PodUid uid = new("u1");
        _state = new PodSyncState(
            uid, PodIntents.None, new IntentJournal("/nowhere", new FlightRecorder(16, _clock)),
            new RestartBackoff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)), new RestartBackoff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)));
        _times = new PodTimes(new Noded.Kubelet.Pods.PodMetrics(Metrics.WithCustomRegistry(_registry)), _clock);
        _times.Observed(PodStatus.Empty(uid));
    }

    [Fact]
    public async Task Reached_AllContainersRun_CountsOnceWithoutPullsAndInits()
    {
        long began = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(40));
        _state.Pulled(began, _clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromSeconds(10));

        Pod pod = APod();
        pod.Spec.HostNetwork = false;
        _times.Reached(pod, Status(hasOther: false), _state);
        _times.Reached(pod, Status(hasOther: true), _state);
        _times.Reached(pod, Status(hasOther: true), _state);

        string metrics = await _registry.ReadTextAsync();
        Assert.Contains("kubelet_pod_start_total_duration_seconds_sum 50\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_start_total_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_start_sli_duration_seconds_sum 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_first_network_pod_start_sli_duration_seconds 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_pod_start_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reached_PodOfTheHostsNetwork_IsNotTheFirstWithANetwork()
    {
        Pod pod = APod();
        pod.Spec.HostNetwork = true;

        _times.Reached(pod, Status(hasOther: true), _state);

        string metrics = await _registry.ReadTextAsync();
        Assert.Contains("kubelet_pod_start_sli_duration_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("\nkubelet_first_network_pod_start_sli_duration_seconds ", metrics, StringComparison.Ordinal);
    }

    /// <summary>After an init container of seven seconds.</summary>
    /// <param name="hasOther">Whether the second container runs, too.</param>
    private static V1PodStatus Status(bool hasOther)
    {
        V1ContainerState running = new() { Running = new V1ContainerStateRunning { StartedAt = Noon } };
        V1ContainerState waiting = new() { Waiting = new V1ContainerStateWaiting { Reason = "ContainerCreating" } };
        V1ContainerState ended = new()
        {
            Terminated = new V1ContainerStateTerminated { StartedAt = Noon, FinishedAt = Noon.AddSeconds(7) },
        };
        return new V1PodStatus
        {
            Phase = "Running",
            InitContainerStatuses = [new V1ContainerStatus { Name = "prepare", State = ended }],
            ContainerStatuses =
            [
                new V1ContainerStatus { Name = "app", State = running },
                new V1ContainerStatus { Name = "other", State = hasOther ? running : waiting },
            ],
        };
    }
}
