using Prometheus;

namespace Noded.Kubelet.Pods;

/// <summary>Upstream's metrics of pods and containers.</summary>
public sealed class PodMetrics(MetricFactory factory)
{
    internal Counter Rejections { get; } = factory.CreateCounter(
        "kubelet_admission_rejections_total", "Cumulative number pod admission rejections by the Kubelet.", ["reason"]);

    internal Counter Evictions { get; } = factory.CreateCounter(
        "kubelet_evictions", "Cumulative number of pod evictions by eviction signal", ["eviction_signal"]);

    internal Counter StartedPods { get; } = factory.CreateCounter(
        "kubelet_started_pods_total", "Cumulative number of pods started");

    internal Counter StartedPodErrors { get; } = factory.CreateCounter(
        "kubelet_started_pods_errors_total", "Cumulative number of errors when starting pods");

    internal Counter StartedContainers { get; } = factory.CreateCounter(
        "kubelet_started_containers_total", "Cumulative number of containers started", ["container_type"]);

    internal Counter StartedContainerErrors { get; } = factory.CreateCounter(
        "kubelet_started_containers_errors_total", "Cumulative number of errors when starting containers",
        ["container_type", "code"]);
}
