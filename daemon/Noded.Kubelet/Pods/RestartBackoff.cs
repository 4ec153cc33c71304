namespace Noded.Kubelet.Pods;

/// <summary>
/// How long a container that keeps ending has to wait: 10 s, doubled with each start up to 5 minutes, forgotten after
/// 10 minutes without a failure; the first restart is immediate. Upstream's rules. Owned by one pod worker.
/// </summary>
/// <param name="initial">The wait before the second restart.</param>
/// <param name="maximum">No wait is longer.</param>
internal sealed class RestartBackoff(TimeSpan initial, TimeSpan maximum)
{
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>When a container that ended at <paramref name="finishedAt"/> may start again; null for at once.</summary>
    internal DateTimeOffset? NotBefore(string container, DateTimeOffset finishedAt) =>
        _entries.TryGetValue(container, out Entry entry) && !IsForgotten(entry, finishedAt)
            ? finishedAt + entry.Delay
            : null;

    /// <summary>Notes that the container, which ended at <paramref name="finishedAt"/>, is started again now.</summary>
    internal void Restarted(string container, DateTimeOffset finishedAt, DateTimeOffset now)
    {
        bool isKnown = _entries.TryGetValue(container, out Entry entry) && !IsForgotten(entry, finishedAt);
        TimeSpan delay = isKnown ? TimeSpan.FromTicks(Math.Min(maximum.Ticks, entry.Delay.Ticks * 2)) : initial;
        _entries[container] = new Entry(delay, now);
    }

    // From the start, not from the failure before it: the wait itself is no time without a failure.
    private bool IsForgotten(Entry entry, DateTimeOffset finishedAt) => finishedAt - entry.StartedAt > maximum * 2;

    private readonly record struct Entry(TimeSpan Delay, DateTimeOffset StartedAt);
}
