using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace Noded.Testing;

/// <summary>A fake clock that also tells when the code under test has started to wait for it.</summary>
public sealed class TestClock : FakeTimeProvider
{
    // Unbounded: arming a timer must never block the code under test, and a test arms few.
    private readonly Channel<TimeSpan> _armed = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = new ReportingTimer(base.CreateTimer(callback, state, dueTime, period), this);
        Report(dueTime);
        return timer;
    }

    /// <summary>Waits until a timer is armed and returns its due time, without advancing.</summary>
    /// <remarks>Every arming is handed out once, in order: those made before the call count too.</remarks>
    public Task<TimeSpan> WaitForTimerAsync(CancellationToken cancellationToken) =>
        _armed.Reader.ReadAsync(cancellationToken).AsTask();

    /// <summary>Waits until a timer is armed, then advances to the moment it fires.</summary>
    public async Task AdvancePastNextTimerAsync(CancellationToken cancellationToken) =>
        Advance(await WaitForTimerAsync(cancellationToken));

    private void Report(TimeSpan dueTime)
    {
        // A timer created disarmed is armed by Change later; reporting it now would let the test run ahead.
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _armed.Writer.TryWrite(dueTime);
        }
    }

    /// <summary>Reports re-arming: a CancellationTokenSource and a Backoff loop reuse one timer with Change.</summary>
    private sealed class ReportingTimer(ITimer timer, TestClock clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool changed = timer.Change(dueTime, period);

            if (changed)
            {
                clock.Report(dueTime);
            }

            return changed;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
