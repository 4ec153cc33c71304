namespace Noded.Store.Sqlite;

/// <summary>When which lease ends, by a clock that nobody sets; belongs to the writer's thread.</summary>
internal sealed class LeaseDeadlines(TimeProvider clock) : IDisposable
{
    private readonly long _start = clock.GetTimestamp();
    private readonly Dictionary<long, (TimeSpan Lifetime, TimeSpan End)> _leases = [];

    // Entries of leases that were prolonged or are gone are skipped when their time comes.
    private readonly PriorityQueue<long, TimeSpan> _queue = new();

    private ITimer? _timer;
    private TimeSpan? _armed;

    private TimeSpan Now => clock.GetElapsedTime(_start);

    public bool TryGetLifetime(long lease, out TimeSpan lifetime)
    {
        bool found = _leases.TryGetValue(lease, out (TimeSpan Lifetime, TimeSpan End) entry);
        lifetime = entry.Lifetime;
        return found;
    }

    /// <summary>Lets a lease, new or known, end after a time.</summary>
    public void Set(long lease, TimeSpan lifetime, TimeSpan remaining)
    {
        TimeSpan end = Now + remaining;
        _leases[lease] = (lifetime, end);
        _queue.Enqueue(lease, end);
    }

    public void Remove(long lease) => _leases.Remove(lease);

    public void Clear()
    {
        _leases.Clear();
        _queue.Clear();
    }

    /// <summary>The leases whose time is over, after the timer has fired; they stay until they are removed.</summary>
    public IReadOnlyList<long> Due()
    {
        // A timer counts in coarser steps than the clock and may fire before it: who waits for a lease that is not due
        // yet has to wait once more.
        _armed = null;
        TimeSpan now = Now;
        return [.. _leases.Where(lease => lease.Value.End <= now).Select(lease => lease.Key).Order()];
    }

    /// <summary>From now on calls back, on any thread, when a lease is due; <see cref="Arm"/> says until when to wait.</summary>
    public void Start(Action whenDue)
    {
        _timer = clock.CreateTimer(
            static state => ((Action)state!)(), whenDue, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm();
    }

    /// <summary>Waits for the lease that ends next, if that is another one than before. Without leases nothing runs.</summary>
    public void Arm()
    {
        TimeSpan? next = NextEnd();

        if (next != _armed)
        {
            _armed = next;
            _timer?.Change(
                next is { } end ? end > Now ? end - Now : TimeSpan.Zero : Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private TimeSpan? NextEnd()
    {
        while (_queue.TryPeek(out long lease, out TimeSpan end))
        {
            if (_leases.TryGetValue(lease, out (TimeSpan Lifetime, TimeSpan End) entry) && entry.End == end)
            {
                return end;
            }

            _queue.Dequeue();
        }

        return null;
    }
}
