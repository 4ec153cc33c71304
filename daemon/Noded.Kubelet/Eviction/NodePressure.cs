using System.Collections.Immutable;

namespace Noded.Kubelet.Eviction;

/// <summary>What there is of something, and how much of it is left.</summary>
internal readonly record struct SignalObservation(long Available, long Capacity);

/// <summary>
/// Which thresholds are passed, since when, and which conditions the node has for it. Computed from one observation
/// after the other, without any I/O; upstream's rules.
/// </summary>
internal sealed class NodePressure(EvictionOptions options)
{
    private ImmutableArray<EvictionThreshold> _met = [];
    private ImmutableDictionary<EvictionThreshold, DateTimeOffset> _since =
        ImmutableDictionary<EvictionThreshold, DateTimeOffset>.Empty;

    private ImmutableDictionary<string, DateTimeOffset> _lastSeen = ImmutableDictionary<string, DateTimeOffset>.Empty;

    /// <summary>For example <c>MemoryPressure</c>.</summary>
    internal ImmutableHashSet<string> Conditions { get; private set; } = [];

    /// <summary>The thresholds to act on now, the most urgent first.</summary>
    internal ImmutableArray<EvictionThreshold> Observe(
        ImmutableDictionary<string, SignalObservation> observed, DateTimeOffset now)
    {
        ImmutableArray<EvictionThreshold> below = [.. options.Thresholds.Where(threshold => IsMet(threshold, observed, false))];

        // What was below stays so until it is above by the minimum reclaim.
        _met = [.. below.Union(_met.Where(threshold => IsMet(threshold, observed, true)))];
        _since = _met.ToImmutableDictionary(threshold => threshold, threshold => _since.GetValueOrDefault(threshold, now));
        foreach (EvictionThreshold threshold in _met)
        {
            _lastSeen = _lastSeen.SetItem(EvictionSignals.Describe(threshold.Signal).Condition, now);
        }

        Conditions = [.. _lastSeen.Where(seen => now - seen.Value <= options.PressureTransitionPeriod
            || _met.Any(met => EvictionSignals.Describe(met.Signal).Condition == seen.Key)).Select(seen => seen.Key)];
        return
        [
            .. _met.Where(threshold => threshold.GracePeriod is not { } grace || now - _since[threshold] >= grace)
                .OrderBy(threshold => EvictionSignals.Describe(threshold.Signal).Resource != "memory")
                .ThenBy(threshold => threshold.GracePeriod is not null),
        ];
    }

    /// <summary>Whether a threshold is passed.</summary>
    /// <param name="withReclaim">It was before: it is until the minimum reclaim is reached, too.</param>
    internal static bool IsMet(
        EvictionThreshold threshold, ImmutableDictionary<string, SignalObservation> observed, bool withReclaim)
    {
        if (!observed.TryGetValue(threshold.Signal, out SignalObservation signal))
        {
            return false;
        }

        long limit = threshold.Value.Of(signal.Capacity);
        return signal.Available < (withReclaim ? limit + threshold.MinimumReclaim.Of(signal.Capacity) : limit);
    }
}
