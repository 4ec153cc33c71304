using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>What is new to a watch.</summary>
/// <param name="Revision">The changes go up to this revision.</param>
internal readonly record struct CacheAnswer<T>(CacheChange<T>[] Changes, long Revision, bool OwesBookmark)
    where T : class;

/// <summary>The cache's state and newest changes: one writes, watches and readers come and go.</summary>
internal sealed class CacheHub<T>(int maxChanges, long maxBytes, Func<T, string?>? index)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly WatcherTable<T> _watchers = new(index);
    private readonly ChangeRing<T> _ring = new(maxChanges, maxBytes);
    private readonly List<(long Revision, TaskCompletionSource Reached)> _waiting = [];
    private volatile CacheSnapshot<T>? _state;
    private bool _closed;

    /// <summary>The newest state; null until the first is there.</summary>
    public CacheSnapshot<T>? State => _state;

    /// <summary>Whether a watch wants to be told how far it is.</summary>
    public bool HasBookmarkWatchers
    {
        get
        {
            lock (_lock)
            {
                return _watchers.All.Any(watcher => watcher.WantsBookmarks);
            }
        }
    }

    /// <summary>Whether somebody waits for a newer state.</summary>
    public bool IsAwaited
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Takes over a state of which it is not known how it came about; watches that stand are cut.</summary>
    public void Reset(CacheSnapshot<T> state)
    {
        lock (_lock)
        {
            _state = state;
            _ring.Reset(state);
            RingAll();
            Reach(state.Revision);
        }
    }

    /// <summary>Takes over changes and the state they led to; without changes, that nothing changed up to there.</summary>
    public void Apply(IReadOnlyList<CacheChange<T>> changes, CacheSnapshot<T> after)
    {
        lock (_lock)
        {
            _state = after;
            _ring.Add(changes, after);
            foreach (CacheChange<T> change in changes)
            {
                _watchers.Ring(change);
            }

            Reach(after.Revision);
        }
    }

    /// <summary>Has the watches that want it tell how far they are.</summary>
    public void AskForBookmarks()
    {
        lock (_lock)
        {
            foreach (CacheWatcher watcher in _watchers.All.Where(watcher => watcher.WantsBookmarks))
            {
                watcher.OwesBookmark = true;
                watcher.Ring();
            }
        }
    }

    /// <summary>Adds a watch; the state it begins with and the changes after it are without a gap.</summary>
    /// <param name="watcher">The watch.</param>
    /// <param name="after">The revision after which it begins, null for the state there is.</param>
    /// <returns>The state there is; null if changes after that revision are not kept any more.</returns>
    public CacheSnapshot<T>? TryAdd(CacheWatcher watcher, long? after)
    {
        lock (_lock)
        {
            ThrowIfClosed();

            if (after < _ring.Floor)
            {
                return null;
            }

            _watchers.Add(watcher);
            return _state!;
        }
    }

    public void Remove(CacheWatcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
        }
    }

    /// <summary>What is new after a revision; null if the watch was so slow that it is not known any more.</summary>
    public CacheAnswer<T>? After(CacheWatcher watcher, long revision)
    {
        lock (_lock)
        {
            if (_closed || revision < _ring.Floor)
            {
                return null;
            }

            bool owesBookmark = watcher.OwesBookmark;
            watcher.OwesBookmark = false;
            return new(_ring.After(revision), _state!.Revision, owesBookmark);
        }
    }

    /// <summary>The state at a revision, null if it is not kept.</summary>
    public CacheSnapshot<T>? StateAt(long revision)
    {
        lock (_lock)
        {
            return revision == _state?.Revision ? _state : _ring.StateAt(revision);
        }
    }

    /// <summary>Waits until the state is at least of a revision.</summary>
    public Task WaitForAsync(long revision, CancellationToken cancellationToken)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            ThrowIfClosed();

            if (_state is { } state && state.Revision >= revision)
            {
                return Task.CompletedTask;
            }

            _waiting.Add((revision, reached));
        }

        return WaitAsync(reached, cancellationToken);
    }

    /// <summary>Ends all watches, and whoever waits.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            RingAll();
            _waiting.ForEach(waiter => waiter.Reached.TrySetException(Closed()));
            _waiting.Clear();
        }
    }

    private async Task WaitAsync(TaskCompletionSource reached, CancellationToken cancellationToken)
    {
        try
        {
            await reached.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                _waiting.RemoveAll(waiter => waiter.Reached == reached);
            }
        }
    }

    private void RingAll()
    {
        foreach (CacheWatcher watcher in _watchers.All)
        {
            watcher.Ring();
        }
    }

    private void Reach(long revision)
    {
        foreach ((long wanted, TaskCompletionSource reached) in _waiting)
        {
            if (wanted <= revision)
            {
                reached.TrySetResult();
            }
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw Closed();
        }
    }

    private static StoreUnavailableException Closed() => new("The cache is closed.", nothingChanged: true);
}
