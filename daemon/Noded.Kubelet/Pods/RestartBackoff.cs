namespace Noded.Kubelet.Pods;

/// <summary>
/// How long what keeps ending has to wait: 10 s, doubled with each start up to 5 minutes, forgotten after 10 minutes
/// without a failure; the first restart is immediate. Upstream's rules. Owned by one pod worker, whose steady clock all
/// times are of: the runtime's own times follow the machine's clock, which may be set.
/// </summary>
/// <param name="initial">The wait before the second restart.</param>
/// <param name="maximum">No wait is longer.</param>
internal sealed class RestartBackoff(TimeSpan initial, TimeSpan maximum)
{
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>When it may start again; null for at once.</summary>
    internal DateTimeOffset? NotBefore(string name) =>
        _entries.TryGetValue(name, out Entry entry) && entry.EndedAt is { } endedAt && !IsForgotten(entry, endedAt)
            ? endedAt + entry.Delay
            : null;

    /// <summary>When it might start again if it ended now for being unhealthy; null for at once.</summary>
    internal DateTimeOffset? NotBeforeNextEnd(string name) =>
        _entries.TryGetValue(name, out Entry entry) ? entry.StartedAt + entry.Delay : null;

    /// <summary>The wait that <see cref="NotBefore"/> includes.</summary>
    internal TimeSpan DelayOf(string name) => _entries.TryGetValue(name, out Entry entry) ? entry.Delay : TimeSpan.Zero;

    /// <summary>Notes that an instance was seen to have ended; only the first time counts.</summary>
    internal void Ended(string name, string instance, DateTimeOffset now)
    {
        if (_entries.TryGetValue(name, out Entry entry) && entry.Instance != instance)
        {
            _entries[name] = entry with { Instance = instance, EndedAt = now };
        }
    }

    /// <summary>Notes that it is started again now.</summary>
    internal void Restarted(string name, DateTimeOffset now)
    {
        bool isKnown = _entries.TryGetValue(name, out Entry entry) && !IsForgotten(entry, entry.EndedAt ?? now);
        TimeSpan delay = isKnown ? TimeSpan.FromTicks(Math.Min(maximum.Ticks, entry.Delay.Ticks * 2)) : initial;
        _entries[name] = new Entry(delay, now, entry.Instance, null);
    }

    /// <summary>Notes that something without a life of its own failed now: it waits from the first failure on.</summary>
    internal void Failed(string name, DateTimeOffset now)
    {
        if (_entries.TryGetValue(name, out Entry entry))
        {
            _entries[name] = entry with { EndedAt = now };
        }

        Restarted(name, now);
        _entries[name] = _entries[name] with { EndedAt = now };
    }

    // From the start, not from the failure before it: the wait itself is no time without a failure.
    private bool IsForgotten(Entry entry, DateTimeOffset endedAt) => endedAt - entry.StartedAt > maximum * 2;

    private readonly record struct Entry(
        TimeSpan Delay, DateTimeOffset StartedAt, string? Instance, DateTimeOffset? EndedAt);
}
