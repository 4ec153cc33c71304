namespace Noded.Primitives;

/// <summary>
/// A clock whose timers each have a thread of their own, which sleeps in the kernel until the timer is due and calls back
/// itself. A timer of the runtime's goes from its timer thread to the thread pool, whose gate and workers wake and go back
/// to sleep a dozen times for each tick; here a tick wakes one thread once. For the few timers of a process that
/// tick when nothing else happens: a thread costs memory.
/// </summary>
/// <param name="clock">Tells the time.</param>
public sealed class ThreadClock(TimeProvider clock) : TimeProvider
{
    public override long TimestampFrequency => clock.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    /// <summary>A timer that calls back on its own thread; who is slow there is called again late, not twice.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ThreadTimer timer = new(clock, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ThreadTimer : ITimer
    {
        private readonly TimeProvider _clock;
        private readonly Action _fire;
        private readonly object _changed = new();
        private TimeSpan _due = Timeout.InfiniteTimeSpan;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private long _since;
        private bool _disposed;

        internal ThreadTimer(TimeProvider clock, Action fire)
        {
            _clock = clock;
            _fire = fire;
            new Thread(Run) { IsBackground = true, Name = "timer" }.Start();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_changed)
            {
                _due = dueTime;
                _period = period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period;
                _since = _clock.GetTimestamp();
                Monitor.Pulse(_changed);
                return !_disposed;
            }
        }

        public void Dispose()
        {
            lock (_changed)
            {
                _disposed = true;
                Monitor.Pulse(_changed);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Run()
        {
            while (WaitUntilDue())
            {
                _fire();
            }
        }

        /// <summary>False when the timer is disposed of.</summary>
        private bool WaitUntilDue()
        {
            lock (_changed)
            {
                while (!_disposed)
                {
                    if (_due == Timeout.InfiniteTimeSpan)
                    {
                        Monitor.Wait(_changed);
                        continue;
                    }

                    TimeSpan left = _due - _clock.GetElapsedTime(_since);
                    if (left <= TimeSpan.Zero)
                    {
                        _due = _period;
                        _since = _clock.GetTimestamp();
                        return true;
                    }

                    // Up to the next millisecond: one that ends early would be waited for twice.
                    Monitor.Wait(_changed, TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)));
                }

                return false;
            }
        }
    }
}
