namespace Noded.Primitives;

/// <summary>
/// Lets through <paramref name="rate"/> per second on average, and <paramref name="burst"/> at once after a pause. Safe to
/// call from several threads.
/// </summary>
/// <param name="rate">Per second; 0 lets everything through.</param>
public sealed class TokenBucket(double rate, int burst, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private double _tokens = burst;
    private long _last = clock.GetTimestamp();

    /// <summary>Takes one if there is one; never waits.</summary>
    public bool TryTake()
    {
        if (rate <= 0)
        {
            return true;
        }

        lock (_lock)
        {
            long now = clock.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + (clock.GetElapsedTime(_last, now).TotalSeconds * rate));
            _last = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
