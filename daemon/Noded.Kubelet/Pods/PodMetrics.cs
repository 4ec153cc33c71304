using Prometheus;

namespace Noded.Kubelet.Pods;

/// <summary>Upstream's metrics of pods and containers.</summary>
public sealed class PodMetrics(MetricFactory factory)
{
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
        new HistogramConfiguration { Buckets = [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600] });

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
}
