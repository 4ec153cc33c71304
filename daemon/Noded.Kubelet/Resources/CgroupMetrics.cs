using Prometheus;

namespace Noded.Kubelet.Resources;

/// <summary>Upstream's metrics of cgroups.</summary>
public sealed class CgroupMetrics(MetricFactory factory)
{
    /// <summary>1, or 2 where there is one hierarchy for all controllers.</summary>
    internal Gauge Version { get; } = factory.CreateGauge("kubelet_cgroup_version", "cgroup version on the hosts.");

    /// <summary>Labels <c>create</c>, <c>update</c> and <c>destroy</c>.</summary>
    internal Histogram Duration { get; } = factory.CreateHistogram(
        "kubelet_cgroup_manager_duration_seconds",
        "Duration in seconds for cgroup manager operations. Broken down by method.",
        ["operation_type"],
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2, 15) });
}
