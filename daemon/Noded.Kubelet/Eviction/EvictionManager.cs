using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Status;

namespace Noded.Kubelet.Eviction;

/// <summary>
/// Keeps the node from running out of memory, disk and processes: looks every 10 seconds while there are pods, takes
/// back what nobody needs, and ends one pod at a time if that is not enough. Pods that the node needs itself stay.
/// </summary>
/// <param name="pods">All pods with their status.</param>
/// <param name="reclaimDisk">Removes images that no container uses.</param>
/// <param name="evict">Ends a pod; the sync loop's inbox.</param>
internal sealed partial class EvictionManager(
    EvictionOptions options,
    INodeStats stats,
    Func<IEnumerable<PodReport>> pods,
    Func<CancellationToken, Task> reclaimDisk,
    Action<PodUid, PodFailure> evict,
    EvictionServices services)
{
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>What containers get when the node cannot wait.</summary>
    private static readonly TimeSpan Immediate = TimeSpan.FromSeconds(1);

    private readonly NodePressure _pressure = new(WithAllocatable(options));
    private volatile ImmutableHashSet<string> _conditions = [];

    /// <summary>The conditions that the node has: <c>MemoryPressure</c>, <c>DiskPressure</c>, <c>PIDPressure</c>.</summary>
    internal ImmutableHashSet<string> Conditions => _conditions;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(Period, services.Clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await SynchronizeAsync(cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogFailed(services.Logger, e);
            }
        }
    }

    /// <summary>One look; ends at most one pod for the node's sake.</summary>
    internal async Task SynchronizeAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<PodReport> active = [.. pods().Where(report => report.Status.Phase is "Running" or "Pending")];
        if (active.IsEmpty && _conditions.IsEmpty)
        {
            return;
        }

        long observedAt = services.Clock.GetTimestamp();
        ImmutableDictionary<string, SignalObservation> observed = stats.Observe();
        ImmutableArray<EvictionThreshold> urgent = _pressure.Observe(observed, services.Clock.GetUtcNow());
        Tell(_pressure.Conditions);
        if (await EndOversizedAsync(active, cancellationToken) || urgent.IsEmpty)
        {
            return;
        }

        EvictionThreshold threshold = urgent[0];
        (string resource, string condition) = EvictionSignals.Describe(threshold.Signal);
        services.Events.Warn("node", "EvictionThresholdMet", $"Attempting to reclaim {resource}");
        if (condition == "DiskPressure")
        {
            await reclaimDisk(cancellationToken);
            observedAt = services.Clock.GetTimestamp();
            observed = stats.Observe();
            if (!NodePressure.IsMet(threshold, observed, withReclaim: true))
            {
                return;
            }
        }

        if (await EndWorstAsync(threshold, observed[threshold.Signal], active, cancellationToken))
        {
            services.Metrics.EvictionStatsAge.WithLabels(threshold.Signal).Observe(services.Clock.GetElapsedTime(observedAt).TotalSeconds);
        }
    }

    /// <summary>False when there is none that may be ended.</summary>
    private async Task<bool> EndWorstAsync(
        EvictionThreshold threshold,
        SignalObservation observed,
        ImmutableArray<PodReport> active,
        CancellationToken cancellationToken)
    {
        Dictionary<Pod, PodUsage> usages = [];
        bool withDisk = EvictionSignals.Describe(threshold.Signal).Condition == "DiskPressure";
        foreach (PodReport report in active.Where(report => !report.Pod.IsNodeCritical))
        {
            usages[report.Pod] = await stats.MeasureAsync(report, withDisk, cancellationToken);
        }

        if (EvictionRanking.Rank(threshold.Signal, usages).FirstOrDefault() is not { } worst)
        {
            return false;
        }

        TimeSpan grace = threshold.GracePeriod is null ? Immediate : options.MaxPodGracePeriod;
        End(worst, threshold.Signal, EvictionMessages.NodeIsLow(threshold, observed, worst, usages[worst]), grace);
        return true;
    }

    /// <summary>Pods that use more of the disk than they allow themselves.</summary>
    private async Task<bool> EndOversizedAsync(ImmutableArray<PodReport> active, CancellationToken cancellationToken)
    {
        bool any = false;
        foreach (PodReport report in active.Where(report => LocalStorageLimits.HasAny(report.Pod)))
        {
            PodUsage usage = await stats.MeasureAsync(report, withDisk: true, cancellationToken);
            if (LocalStorageLimits.Exceeded(report.Pod, usage) is { } message)
            {
                any = true;
                End(report.Pod, "ephemeralstorage.limit", message, Immediate);
            }
        }

        return any;
    }

    private void End(Pod pod, string signal, string message, TimeSpan gracePeriod)
    {
        services.Metrics.Evictions.WithLabels(signal).Inc();
        evict(pod.Uid, PodFailure.Evicted(message, gracePeriod));
    }

    private void Tell(ImmutableHashSet<string> conditions)
    {
        foreach (string begun in conditions.Except(_conditions))
        {
            services.Events.Normal("node", $"NodeHas{WithoutPrefix(begun)}", $"Node status is now: NodeHas{WithoutPrefix(begun)}");
        }

        foreach (string over in _conditions.Except(conditions))
        {
            services.Events.Normal("node", $"NodeHas{Enough(over)}", $"Node status is now: NodeHas{Enough(over)}");
        }

        _conditions = conditions;
    }

    private static string WithoutPrefix(string condition) => condition switch
    {
        "MemoryPressure" => "InsufficientMemory",
        "PIDPressure" => "InsufficientPID",
        _ => "DiskPressure",
    };

    private static string Enough(string condition) => condition switch
    {
        "MemoryPressure" => "SufficientMemory",
        "PIDPressure" => "SufficientPID",
        _ => "NoDiskPressure",
    };

    /// <summary>What pods may have together can run out before the machine's memory does; the same threshold counts.</summary>
    private static EvictionOptions WithAllocatable(EvictionOptions options) => options with
    {
        Thresholds =
        [
            .. options.Thresholds,
            .. options.Thresholds
                .Where(threshold => threshold is { Signal: EvictionSignals.MemoryAvailable, GracePeriod: null })
                .Select(threshold => threshold with { Signal = EvictionSignals.AllocatableMemoryAvailable }),
        ],
    };

    [LoggerMessage(EventId = 1601, Level = LogLevel.Warning, Message = "Looking for pods to evict failed, again in 10 s")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>What the eviction manager shares with the rest of the kubelet.</summary>
internal sealed record EvictionServices(EventRecorder Events, PodMetrics Metrics, TimeProvider Clock, ILogger Logger);
