namespace Noded.Testing;

/// <summary>A clock whose time of day can be set, as administrators and NTP do: no time passes and no timer fires.</summary>
public sealed class SteppedClock(TimeProvider clock) : TimeProvider
{
    private long _stepTicks;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() =>
        clock.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _stepTicks));

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(callback, state, dueTime, period);

    public void Step(TimeSpan step) => Interlocked.Add(ref _stepTicks, step.Ticks);
}
