namespace Noded.ApiServer.WatchCaches;

/// <summary>The newest changes, as many as a number and a size allow, with the states that they led to.</summary>
internal sealed class ChangeRing<T>(int maxCount, long maxBytes)
    where T : class
{
    private readonly (CacheChange<T>? Change, CacheSnapshot<T>? After)[] _ring =
        new (CacheChange<T>?, CacheSnapshot<T>?)[maxCount];

    // The state before the first change here, null if it is not kept.
    private CacheSnapshot<T>? _oldest;
    private int _first;
    private int _count;
    private long _bytes;

    /// <summary>All changes after this revision are here.</summary>
    public long Floor { get; private set; }

    /// <summary>Begins with a state and nothing before it.</summary>
    public void Reset(CacheSnapshot<T> state)
    {
        Array.Clear(_ring);
        (_first, _count, _bytes) = (0, 0, 0);
        _oldest = state;
        Floor = state.Revision;
    }

    /// <summary>Adds changes that led to a state together.</summary>
    public void Add(IReadOnlyList<CacheChange<T>> changes, CacheSnapshot<T> after)
    {
        for (int i = 0; i < changes.Count; i++)
        {
            Add(changes[i], i == changes.Count - 1 ? after : null);
        }
    }

    /// <summary>The changes after a revision, oldest first.</summary>
    public CacheChange<T>[] After(long revision)
    {
        int from = IndexAfter(revision);
        CacheChange<T>[] found = new CacheChange<T>[_count - from];

        for (int i = 0; i < found.Length; i++)
        {
            found[i] = At(from + i).Change!;
        }

        return found;
    }

    /// <summary>The state at a revision, null if it is not kept.</summary>
    public CacheSnapshot<T>? StateAt(long revision)
    {
        int next = IndexAfter(revision);
        return revision < Floor ? null : next == 0 ? _oldest : At(next - 1).After;
    }

    private void Add(CacheChange<T> change, CacheSnapshot<T>? after)
    {
        while (_count == maxCount || (_count > 0 && _bytes + change.Bytes > maxBytes))
        {
            RemoveOldest();
        }

        _ring[(_first + _count++) % maxCount] = (change, after);
        _bytes += change.Bytes;
    }

    private void RemoveOldest()
    {
        (CacheChange<T>? change, CacheSnapshot<T>? after) = _ring[_first];
        _ring[_first] = default;
        _first = (_first + 1) % maxCount;
        _count--;
        _bytes -= change!.Bytes;
        change.ForgetEncodings();
        _oldest = after;
        Floor = change.Revision;
    }

    private int IndexAfter(long revision)
    {
        int low = 0;
        int high = _count;

        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = At(middle).Change!.Revision <= revision ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private (CacheChange<T>? Change, CacheSnapshot<T>? After) At(int index) => _ring[(_first + index) % maxCount];
}
