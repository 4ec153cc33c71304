using Prometheus;

namespace Noded.Kubelet.Runtime;

/// <summary>Upstream's metrics of calls to the runtime.</summary>
public sealed class RuntimeMetrics(MetricFactory factory)
{
    internal Counter Operations { get; } = factory.CreateCounter(
        "kubelet_runtime_operations_total", "Cumulative number of runtime operations by operation type.",
        ["operation_type"]);

    internal Counter Errors { get; } = factory.CreateCounter(
        "kubelet_runtime_operations_errors_total",
        "Cumulative number of runtime operation errors by operation type.", ["operation_type"]);

    internal Histogram Duration { get; } = factory.CreateHistogram(
        "kubelet_runtime_operations_duration_seconds",
        "Duration in seconds of runtime operations. Broken down by operation type.",
        ["operation_type"],
        new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.005, 2.5, 14) });

    internal Histogram SandboxDuration { get; } = factory.CreateHistogram(
        "kubelet_run_podsandbox_duration_seconds",
        "Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
        ["runtime_handler"]);

    internal Counter SandboxErrors { get; } = factory.CreateCounter(
        "kubelet_run_podsandbox_errors_total",
        "Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.",
        ["runtime_handler"]);
}
