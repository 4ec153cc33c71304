using Microsoft.Extensions.Logging;

namespace Noded.Kubelet.Probes;

/// <summary>What every probe worker of a node shares.</summary>
/// <param name="Activity">Probes are no end in themselves: only tests wait for them.</param>
/// <param name="Jitter">From 0 to 1.</param>
internal sealed record ProbeWorkerServices(
    RetryingProber Prober,
    ProbeMetrics Metrics,
    ActivityTracker Activity,
    TimeProvider Clock,
    Func<double> Jitter,
    ILogger Logger)
{
    private readonly DateTimeOffset _start = Clock.GetUtcNow();
    private readonly long _startedAt = Clock.GetTimestamp();

    /// <summary>Null unless the container ran before this daemon did, and that has begun only now.</summary>
    internal double? JitterFor(ProbeTarget target, TimeSpan period) =>
        target.StartedAt < _start && Clock.GetElapsedTime(_startedAt) < period ? Jitter() : null;
}
