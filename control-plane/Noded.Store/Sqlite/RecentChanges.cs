namespace Noded.Store.Sqlite;

/// <summary>The newest changes, in memory, for the watches: as many as a number and a size allow.</summary>
internal sealed class RecentChanges(int maxCount, long maxBytes)
{
    private readonly (WatchBatch? Batch, long Bytes)[] _ring = new (WatchBatch?, long)[maxCount];
    private int _first;
    private int _count;
    private long _bytes;

    /// <summary>All changes after this revision are here.</summary>
    public long Floor { get; private set; }

    /// <summary>Begins with nothing: what changed up to a revision is in the table only.</summary>
    public void StartAfter(long revision) => Floor = revision;

    public void Add(WatchBatch batch)
    {
        long bytes = batch.Events.Sum(Size);
        while (_count == maxCount || (_count > 0 && _bytes + bytes > maxBytes))
        {
            RemoveOldest();
        }

        _ring[(_first + _count++) % maxCount] = (batch, bytes);
        _bytes += bytes;
    }

    /// <summary>The changes from a revision on, oldest first.</summary>
    public WatchBatch[] Since(long revision)
    {
        int low = 0;
        int high = _count;

        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = At(middle).Revision < revision ? (middle + 1, high) : (low, middle);
        }

        WatchBatch[] found = new WatchBatch[_count - low];
        for (int i = 0; i < found.Length; i++)
        {
            found[i] = At(low + i);
        }

        return found;
    }

    private WatchBatch At(int index) => _ring[(_first + index) % maxCount].Batch!;

    private void RemoveOldest()
    {
        (WatchBatch? batch, long bytes) = _ring[_first];
        _ring[_first] = default;
        _first = (_first + 1) % maxCount;
        _count--;
        _bytes -= bytes;
        Floor = batch!.Revision;
    }

    private static long Size(WatchEvent change) =>
        change.Current.Value.Length + (change.Previous?.Value.Length ?? 0) + (2L * change.Current.Key.Length) + 128;
}
