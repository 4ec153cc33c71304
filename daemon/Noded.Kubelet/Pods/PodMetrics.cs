using Prometheus;

namespace Noded.Kubelet.Pods;

/// <summary>Upstream's metrics of pods and containers.</summary>
public sealed class PodMetrics(MetricFactory factory)
{
    private static readonly double[] StartBuckets =
        [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];

    private readonly Histogram _startSliDuration = factory.CreateHistogram(
        "kubelet_pod_start_sli_duration_seconds",
        "Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
        new HistogramConfiguration { Buckets = StartBuckets });

    private readonly Histogram _startTotalDuration = factory.CreateHistogram(
        "kubelet_pod_start_total_duration_seconds",
        "Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
        new HistogramConfiguration { Buckets = StartBuckets });

    private readonly Gauge _firstNetworkPodStartSliDuration = factory.CreateGauge(
        "kubelet_first_network_pod_start_sli_duration_seconds",
        "Duration in seconds to start the first network pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
        new GaugeConfiguration { SuppressInitialValue = true });

    private int _networkPods;

    internal Counter Rejections { get; } = factory.CreateCounter(
        "kubelet_admission_rejections_total", "Cumulative number pod admission rejections by the Kubelet.", ["reason"]);

    internal Counter Preemptions { get; } = factory.CreateCounter(
        "kubelet_preemptions", "Cumulative number of pod preemptions by preemption resource", ["preemption_signal"]);

    internal Counter Evictions { get; } = factory.CreateCounter(
        "kubelet_evictions", "Cumulative number of pod evictions by eviction signal", ["eviction_signal"]);

    /// <summary>Labels <c>create</c>, <c>sync</c> and <c>kill</c>: the first turn of a pod, the later ones, its end.</summary>
    internal Histogram WorkerDuration { get; } = factory.CreateHistogram(
        "kubelet_pod_worker_duration_seconds",
        "Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
        new HistogramConfiguration { LabelNames = ["operation_type"], Buckets = Histogram.ExponentialBuckets(0.005, 2, 12) });

    internal Histogram WorkerStartDuration { get; } = factory.CreateHistogram(
        "kubelet_pod_worker_start_duration_seconds",
        "Duration in seconds from kubelet seeing a pod to starting a worker.",
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2, 15) });

    internal Histogram StartDuration { get; } = factory.CreateHistogram(
        "kubelet_pod_start_duration_seconds",
        "Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
        new HistogramConfiguration { Buckets = StartBuckets });

    internal Histogram ContainersPerPod { get; } = factory.CreateHistogram(
        "kubelet_containers_per_pod_count",
        "The number of containers per pod.",
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1, 2, 5) });

    internal Counter Restarted { get; } = factory.CreateCounter(
        "kubelet_restarted_pods_total",
        "Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them (common for static pods, extremely uncommon for API pods)",
        ["static"]);

    internal Counter Orphaned { get; } = factory.CreateCounter(
        "kubelet_orphaned_runtime_pods_total",
        "Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.");

    internal Histogram EvictionStatsAge { get; } = factory.CreateHistogram(
        "kubelet_eviction_stats_age_seconds",
        "Time between when stats are collected, and when pod is evicted based on those stats by eviction signal",
        ["eviction_signal"]);

    internal Counter StartedPods { get; } = factory.CreateCounter(
        "kubelet_started_pods_total", "Cumulative number of pods started");

    internal Counter StartedPodErrors { get; } = factory.CreateCounter(
        "kubelet_started_pods_errors_total", "Cumulative number of errors when starting pods");

    internal Counter StartedUserNamespacedPods { get; } = factory.CreateCounter(
        "kubelet_started_user_namespaced_pods_total", "Cumulative number of pods with user namespaces started.");

    internal Counter StartedUserNamespacedPodErrors { get; } = factory.CreateCounter(
        "kubelet_started_user_namespaced_pods_errors_total",
        "Cumulative number of errors when starting pods with user namespaces.");

    internal Counter StartedContainers { get; } = factory.CreateCounter(
        "kubelet_started_containers_total", "Cumulative number of containers started", ["container_type"]);

    internal Counter StartedContainerErrors { get; } = factory.CreateCounter(
        "kubelet_started_containers_errors_total", "Cumulative number of errors when starting containers",
        ["container_type", "code"]);

    /// <summary>All containers of a pod run for the first time.</summary>
    /// <param name="total">Since it was seen.</param>
    /// <param name="unavoidable">How much of that was for pulls and init containers, which take what they take.</param>
    internal void Started(Pod pod, TimeSpan total, TimeSpan unavoidable)
    {
        double sli = Math.Max(0, (total - unavoidable).TotalSeconds);
        _startTotalDuration.Observe(total.TotalSeconds);
        _startSliDuration.Observe(sli);
        if (!pod.HostNetwork && Interlocked.Increment(ref _networkPods) == 1)
        {
            _firstNetworkPodStartSliDuration.Set(sli);
        }
    }
}
