using Prometheus;

namespace Noded.Kubelet.Probes;

/// <summary>Upstream's metrics of probes.</summary>
public sealed class ProbeMetrics(MetricFactory factory)
{
    internal Counter Total { get; } = factory.CreateCounter(
        "prober_probe_total",
        "Cumulative number of a liveness, readiness or startup probe for a container by result.",
        ["probe_type", "result", "container", "pod", "namespace", "pod_uid"]);

    internal Histogram Duration { get; } = factory.CreateHistogram(
        "prober_probe_duration_seconds",
        "Duration in seconds for a probe response.",
        ["probe_type", "container", "pod", "namespace"]);
}
