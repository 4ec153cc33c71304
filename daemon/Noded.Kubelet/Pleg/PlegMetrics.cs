using Prometheus;

namespace Noded.Kubelet.Pleg;

/// <summary>Upstream's metrics of the pod lifecycle event generator.</summary>
public sealed class PlegMetrics(MetricFactory factory)
{
    internal Histogram RelistDuration { get; } = factory.CreateHistogram(
        "kubelet_pleg_relist_duration_seconds",
        "Duration in seconds for relisting pods in PLEG.",
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.005, 2, 12) });

    internal Histogram RelistInterval { get; } = factory.CreateHistogram(
        "kubelet_pleg_relist_interval_seconds",
        "Interval in seconds between relisting in PLEG.",
        new HistogramConfiguration { Buckets = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600] });

    internal Gauge LastSeen { get; } = factory.CreateGauge(
        "kubelet_pleg_last_seen_seconds", "Timestamp in seconds when PLEG was last seen active.");

    internal Counter EventStreamErrors { get; } = factory.CreateCounter(
        "kubelet_evented_pleg_connection_error_count",
        "The number of errors encountered during the establishment of streaming connection with the CRI runtime.");

    internal Counter EventStreamConnections { get; } = factory.CreateCounter(
        "kubelet_evented_pleg_connection_success_count",
        "The number of times a streaming client was obtained to receive CRI Events.");

    internal Histogram EventLatency { get; } = factory.CreateHistogram(
        "kubelet_evented_pleg_connection_latency_seconds",
        "The latency of streaming connection with the CRI runtime, measured in seconds.",
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2, 15) });
}
