namespace Noded.Store.Sqlite;

/// <summary>What is new since a revision, as far as memory has it.</summary>
/// <param name="Changes">The changes, of all ranges; null if only the table has them.</param>
/// <param name="Revision">They go up to this revision.</param>
/// <param name="OwesProgress">Whether the watch shall tell how far it is.</param>
internal readonly record struct HubAnswer(WatchBatch[]? Changes, long Revision, bool OwesProgress);

/// <summary>Where the writer puts what has come on disk and the watches find it.</summary>
internal sealed class WatchHub
{
    // Bounds of what is kept in memory; a watch that is further behind reads the table.
    private const int MaxBatches = 8192;
    private const long MaxBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly List<Watcher> _watchers = [];
    private readonly RecentChanges _recent = new(MaxBatches, MaxBytes);
    private long _revision;
    private long _compacted;
    private DeferredRows _deferred = DeferredRows.None;
    private bool _closed;

    public WatchHub(long revision, long compacted)
    {
        _revision = revision;
        _compacted = compacted;
        _recent.StartAfter(revision);
    }

    /// <summary>The newest revision that is acknowledged and told, and what of it is not on disk.</summary>
    public (long Revision, DeferredRows Deferred) State
    {
        get
        {
            lock (_lock)
            {
                return (_revision, _deferred);
            }
        }
    }

    /// <summary>Tells what a transaction of the writer has changed.</summary>
    public void Publish(WriteSession session)
    {
        IReadOnlyList<WatchBatch> changes = session.Changes;
        lock (_lock)
        {
            _revision = session.Revision;
            _compacted = session.Compaction.Compacted;
            _deferred = session.Deferred;

            foreach (WatchBatch batch in changes)
            {
                _recent.Add(batch);
            }

            foreach (Watcher watcher in _watchers)
            {
                if (WantsAny(watcher, changes))
                {
                    watcher.Ring();
                }
            }
        }
    }

    /// <summary>Adds a watch.</summary>
    /// <param name="revision">The first revision it shall tell, 0 for the next.</param>
    /// <returns>That revision.</returns>
    /// <exception cref="CompactedException">Changes from then on are compacted.</exception>
    /// <exception cref="StoreUnavailableException">The store is closed.</exception>
    public long Add(Watcher watcher, long revision)
    {
        lock (_lock)
        {
            ThrowIfClosed();

            if (revision != 0 && revision < _compacted)
            {
                throw new CompactedException(_compacted);
            }

            _watchers.Add(watcher);
            return revision == 0 ? _revision + 1 : revision;
        }
    }

    public void Remove(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
        }
    }

    /// <exception cref="StoreUnavailableException">The store is closed.</exception>
    public HubAnswer Since(Watcher watcher, long revision)
    {
        lock (_lock)
        {
            ThrowIfClosed();

            if (revision <= _recent.Floor && revision <= _revision)
            {
                return new(null, _revision, watcher.OwesProgress);
            }

            bool owesProgress = watcher.OwesProgress;
            watcher.OwesProgress = false;
            return new(_recent.Since(revision), _revision, owesProgress);
        }
    }

    /// <summary>Has every watch tell how far it is.</summary>
    /// <exception cref="StoreUnavailableException">The store is closed.</exception>
    public void RequestProgress()
    {
        lock (_lock)
        {
            ThrowIfClosed();
            foreach (Watcher watcher in _watchers)
            {
                watcher.OwesProgress = true;
                watcher.Ring();
            }
        }
    }

    /// <summary>Ends all watches.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (Watcher watcher in _watchers)
            {
                watcher.Ring();
            }
        }
    }

    private static bool WantsAny(Watcher watcher, IReadOnlyList<WatchBatch> changes)
    {
        foreach (WatchBatch batch in changes)
        {
            if (watcher.Wants(batch))
            {
                return true;
            }
        }

        return false;
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw new StoreUnavailableException("The store is closed.", nothingChanged: true);
        }
    }
}
