using System.Collections.Immutable;

namespace Noded.Primitives;

/// <summary>What an entry of the flight recorder tells of.</summary>
public enum FlightEntryKind
{
    /// <summary>Something was seen: a file, an event of the runtime, an answer.</summary>
    Observed,

    /// <summary>What was made of it.</summary>
    Decided,

    /// <summary>A side effect on the machine or the runtime.</summary>
    Acted,

    /// <summary>A side effect or an observation that did not succeed.</summary>
    Failed,
}

/// <summary>One line of the node's recent history.</summary>
/// <param name="Sequence">Position in history, from 1; gaps in a reading mean that entries were overwritten.</param>
/// <param name="Cause">The <paramref name="Sequence"/> of the entry that led to this one; 0 when nothing did.</param>
/// <param name="Subject">What it is about: <c>pod default/web</c>, <c>containerd</c>.</param>
/// <param name="Duration">How long the side effect took; zero for what takes no time.</param>
public sealed record FlightEntry(
    long Sequence,
    DateTimeOffset Time,
    FlightEntryKind Kind,
    string Subject,
    string What,
    long Cause,
    TimeSpan Duration);

/// <summary>
/// The last decisions and side effects of this process in a bounded ring, each with its cause and time. Written from
/// every part, read by <c>noded timeline</c> and by the tests. Writing never blocks on a reader.
/// </summary>
public sealed class FlightRecorder(int capacity, TimeProvider clock)
{
    private readonly AsyncLocal<long> _because = new();
    private readonly Lock _lock = new();
    private readonly FlightEntry?[] _ring = new FlightEntry?[capacity];
    private long _last;

    /// <summary>The cause of what the calling flow records; 0 for none.</summary>
    public long Cause => _because.Value;

    /// <summary>
    /// What this flow and the tasks it starts record from here on follows from the entry <paramref name="cause"/>.
    /// </summary>
    public void Because(long cause) => _because.Value = cause;

    /// <summary>Adds an entry and returns its sequence, to be named as the cause of what follows from it.</summary>
    public long Record(FlightEntryKind kind, string subject, string what, TimeSpan duration = default)
    {
        DateTimeOffset now = clock.GetUtcNow();
        long cause = _because.Value;

        lock (_lock)
        {
            long sequence = ++_last;
            _ring[sequence % _ring.Length] = new FlightEntry(sequence, now, kind, subject, what, cause, duration);
            return sequence;
        }
    }

    /// <summary>The entries after <paramref name="afterSequence"/>, oldest first.</summary>
    public ImmutableArray<FlightEntry> Read(long afterSequence = 0)
    {
        lock (_lock)
        {
            long first = Math.Max(afterSequence + 1, Math.Max(1, _last - _ring.Length + 1));
            ImmutableArray<FlightEntry>.Builder entries = ImmutableArray.CreateBuilder<FlightEntry>();

            for (long sequence = first; sequence <= _last; sequence++)
            {
                entries.Add(_ring[sequence % _ring.Length]!);
            }

            return entries.DrainToImmutable();
        }
    }
}
