using System.Diagnostics.CodeAnalysis;

namespace Noded.Kubelet.Pods;

/// <summary>How long a pod's stop may take: a wish for less counts at once, one for more does not.</summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A source without timer or handle holds nothing, and Shrink may come at any time.")]
internal sealed class ShrinkingGrace
{
    private readonly Lock _lock = new();
    private TimeSpan? _least;
    private (TimeSpan Taken, CancellationTokenSource Shrunk)? _running;

    /// <param name="gracePeriod">Null for no wish.</param>
    internal void Shrink(TimeSpan? gracePeriod)
    {
        CancellationTokenSource? shrunk = null;
        lock (_lock)
        {
            if (gracePeriod is null || gracePeriod >= _least)
            {
                return;
            }

            _least = gracePeriod;
            if (_running is { } running && gracePeriod < running.Taken)
            {
                shrunk = running.Shrunk;
            }
        }

        shrunk?.Cancel();
    }

    /// <summary>The time that a stop which begins now has, and what ends when that time shrinks.</summary>
    /// <param name="own">What the pod asks for.</param>
    internal (TimeSpan GracePeriod, CancellationToken Shrunk) Take(TimeSpan own)
    {
        lock (_lock)
        {
            TimeSpan gracePeriod = _least < own ? _least.Value : own;
            CancellationTokenSource shrunk = new();
            _running = (gracePeriod, shrunk);
            return (gracePeriod, shrunk.Token);
        }
    }
}
