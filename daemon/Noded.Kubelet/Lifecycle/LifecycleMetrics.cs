using Prometheus;

namespace Noded.Kubelet.Lifecycle;

/// <summary>Upstream's metrics of lifecycle hooks.</summary>
public sealed class LifecycleMetrics(MetricFactory factory)
{
    internal Counter HttpFallbacks { get; } = factory.CreateCounter(
        "kubelet_lifecycle_handler_http_fallbacks_total",
        "The number of times lifecycle handlers successfully fell back to http from https.");

    internal Counter SleepsTerminated { get; } = factory.CreateCounter(
        "kubelet_sleep_action_terminated_early_total",
        "The number of times lifecycle sleep handler got terminated before it finishes");
}
