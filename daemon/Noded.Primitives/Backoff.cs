namespace Noded.Primitives;

/// <summary>Exponential delays from <paramref name="initial"/> to <paramref name="maximum"/>, each lengthened by jitter.</summary>
/// <param name="initial">The first delay.</param>
/// <param name="maximum">No delay is longer than this, jitter excluded.</param>
/// <param name="jitter">Returns a factor in [0, 1) of the delay to add; <c>() => 0</c> makes the delays exact.</param>
public sealed class Backoff(TimeSpan initial, TimeSpan maximum, Func<double> jitter)
{
    private TimeSpan? _next;

    /// <summary>The delay to wait now; the following one is twice as long.</summary>
    public TimeSpan Next()
    {
        TimeSpan delay = _next ?? initial;
        _next = TimeSpan.FromTicks(Math.Min(maximum.Ticks, delay.Ticks * 2));
        return delay + (delay * jitter());
    }

    public void Reset() => _next = null;
}
