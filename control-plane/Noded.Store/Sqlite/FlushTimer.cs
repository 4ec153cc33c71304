namespace Noded.Store.Sqlite;

/// <summary>Has deferred rows written a while after the first of them came; runs only while there are any.</summary>
internal sealed class FlushTimer : IAsyncDisposable
{
    private readonly TimeSpan _period;
    private readonly ITimer _timer;
    private bool _armed;

    public FlushTimer(TimeProvider clock, TimeSpan period, Action flush)
    {
        _period = period;
        _timer = clock.CreateTimer(
            _ =>
            {
                Volatile.Write(ref _armed, false);
                flush();
            },
            state: null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Looks at whether there is something to write.</summary>
    public void Arm(DeferredRows rows)
    {
        if (!rows.Rows.IsEmpty && !Volatile.Read(ref _armed))
        {
            Volatile.Write(ref _armed, true);
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
        }
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();
}
