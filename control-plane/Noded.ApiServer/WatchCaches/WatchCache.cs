using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>
/// All objects below a prefix of the store, in memory: reads and watches without asking the store, as fresh as they
/// are wanted.
/// </summary>
/// <typeparam name="T">What is decoded of each object once, for selectors and the like.</typeparam>
internal sealed class WatchCache<T> : IAsyncDisposable
    where T : class
{
    // A store may drop a request for progress, so it is repeated while somebody waits.
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(100);

    private readonly IStore _store;
    private readonly string _prefix;
    private readonly StorePages<T> _pages;
    private readonly CacheHistory<T> _history;
    private readonly WatchCacheOptions _options;
    private readonly TimeProvider _clock;
    private readonly CacheHub<T> _hub;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _bookmarks;
    private readonly Task _feed;
    private int _bookmarksArmed;
    private int _disposed;

    /// <summary>Makes a cache and begins to fill it; reads wait until it is full.</summary>
    /// <param name="prefix">Ends in a slash.</param>
    /// <param name="decode">Decodes a stored object; must not throw.</param>
    /// <param name="index">Something of an object by which many watches choose one, such as a pod's node.</param>
    public WatchCache(
        IStore store,
        string prefix,
        Func<KeyValue, T> decode,
        WatchCacheOptions options,
        (TimeProvider Clock, ILogger Logger) services,
        Func<T, string?>? index = null)
    {
        _store = store;
        _prefix = prefix;
        _pages = new(store, decode);
        _history = new(store, decode);
        _options = options;
        _clock = services.Clock;
        _hub = new(options.MaxChanges, options.MaxBytes, index);
        _bookmarks = _clock.CreateTimer(
            static state => ((WatchCache<T>)state!).TellBookmarks(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _feed = new CacheFeed<T>(store, prefix, decode, _hub, services.Logger).RunAsync(_clock, _stop.Token);
    }

    /// <summary>How many objects there are.</summary>
    public int Count => _hub.State?.Objects.Count ?? 0;

    /// <summary>The state of the whole prefix, or of a range of it where the store had to be asked.</summary>
    /// <exception cref="CompactedException">The revision asked for is compacted.</exception>
    /// <exception cref="FutureRevisionException">The revision asked for does not exist yet, and did not come soon.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<CacheSnapshot<T>> ReadAsync(
        string start, string end, Freshness freshness, CancellationToken cancellationToken)
    {
        (CacheSnapshot<T>? state, long revision) = await StateAsync(freshness, cancellationToken);
        return state ?? await _pages.ReadAsync(start, end, revision, cancellationToken);
    }

    /// <summary>A part of a list: of the cache's state, or of the store's where the cache does not have it.</summary>
    /// <exception cref="CompactedException">The revision asked for is compacted.</exception>
    /// <exception cref="FutureRevisionException">The revision asked for does not exist yet, and did not come soon.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<CachePage<T>> PageAsync(
        CachePageRequest<T> request, Freshness freshness, CancellationToken cancellationToken)
    {
        (CacheSnapshot<T>? state, long revision) = await StateAsync(freshness, cancellationToken);
        return state?.Page(request.Start, request.End, request.Limit, request.Matches)
            ?? await _pages.PageAsync(request, revision, cancellationToken);
    }

    /// <summary>Completes once the cache has a change that was made; soon, unless its watch is stuck.</summary>
    public async Task SeenAsync(long revision, CancellationToken cancellationToken)
    {
        try
        {
            await WaitForAsync(revision, cancellationToken);
        }
        catch (Exception e) when (e is FutureRevisionException or StoreUnavailableException)
        {
            // The change is made; whoever made it need not wait for a watch that begins anew.
        }
    }

    /// <summary>One object; null if there is none.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<CachedObject<T>?> FindAsync(string key, Freshness freshness, CancellationToken cancellationToken)
    {
        if (freshness is not Freshness.Consistent)
        {
            return (await ReadAsync(key, KeyRange.After(key), freshness, cancellationToken)).Find(key);
        }

        // To ask the store for the object is as cheap as to ask it for its revision.
        RangeResult result = await _store.RangeAsync(new(key, null), cancellationToken);
        return result.KeyValues is [KeyValue pair]
            ? _hub.State?.Find(key) is { } cached && cached.Revision == pair.ModRevision ? cached : _pages.Decode(pair)
            : null;
    }

    /// <summary>
    /// The state there is, if it is wanted, and every change after it, or after a revision. It ends when the watch
    /// was too slow, or when the cache had to begin anew: watch again after the last revision seen.
    /// </summary>
    /// <exception cref="CompactedException">Changes after the revision are not known any more: list, then watch.</exception>
    /// <exception cref="FutureRevisionException">The state asked for does not exist yet, and did not come soon.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async IAsyncEnumerable<WatchNotice<T>> WatchAsync(
        CacheWatchRequest<T> request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await WaitForStateAsync(request, cancellationToken);
        CacheWatcher watcher = new(request.Start, request.End, request.IndexValue, request.WantsBookmarks);
        CacheSnapshot<T>? state = _hub.TryAdd(watcher, request.After);
        long told = request.After ?? state!.Revision; // the state there is can always be had
        try
        {
            ArmBookmarks(request);

            if (state is null)
            {
                await foreach (CacheAnswer<T> past in _history.ReadAsync(request.Start, request.End, told, cancellationToken))
                {
                    foreach (CacheChange<T> change in past.Changes)
                    {
                        if (change.Notice(request.Matches) is { } notice)
                        {
                            yield return notice;
                        }
                    }

                    told = Math.Max(told, past.Revision);

                    if (_hub.TryAdd(watcher, told) is not null)
                    {
                        break;
                    }
                }
            }
            else if (request.After is null)
            {
                foreach (CachedObject<T> found in state.Range(request.Start, request.End))
                {
                    if (request.TellsState && (request.Matches is null || request.Matches(found)))
                    {
                        yield return new(NoticeType.Added, found, found.Revision, IsInitial: true);
                    }
                }

                if (request.MarksEndOfState)
                {
                    yield return new(NoticeType.Bookmark, null, told, EndsInitialEvents: true);
                }
            }

            while (_hub.After(watcher, told) is { } news)
            {
                foreach (CacheChange<T> change in news.Changes)
                {
                    if (watcher.IsInRange(change.Key) && change.Notice(request.Matches) is { } notice)
                    {
                        yield return notice;
                    }
                }

                told = Math.Max(told, news.Revision);

                if (news.OwesBookmark)
                {
                    yield return new(NoticeType.Bookmark, null, told);
                }

                await watcher.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            _hub.Remove(watcher);
        }
    }

    /// <summary>Ends the watches.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await _bookmarks.DisposeAsync();
        _hub.Close();
        await _feed.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task WaitForStateAsync(CacheWatchRequest<T> request, CancellationToken cancellationToken)
    {
        switch (request)
        {
            case { After: null, State: Freshness.NotOlderThan(long revision) }:
                await WaitForAsync(revision, cancellationToken);
                break;
            case { After: null, State: Freshness.Consistent }:
                RangeResult now = await _store.RangeAsync(new(_prefix, null), cancellationToken);
                await ApproachAsync(now.Revision, cancellationToken);
                break;
            default:
                await _hub.WaitForAsync(0, cancellationToken);
                break;
        }
    }

    /// <summary>A state that is as fresh as is wanted; null if the store has to be asked, and at which revision.</summary>
    private async Task<(CacheSnapshot<T>? State, long Revision)> StateAsync(
        Freshness freshness, CancellationToken cancellationToken)
    {
        switch (freshness)
        {
            case Freshness.NotOlderThan(long revision):
                await WaitForAsync(revision, cancellationToken);
                return (_hub.State, 0);
            case Freshness.Exactly(long revision):
                await WaitForAsync(revision, cancellationToken);
                return (_hub.StateAt(revision), revision);
            case Freshness.Consistent:
                return (await CatchUpWithStoreAsync(cancellationToken) ? _hub.State : null, 0);
            default:
                await _hub.WaitForAsync(0, cancellationToken);
                return (_hub.State, 0);
        }
    }

    /// <summary>False if the store has to be asked itself.</summary>
    private async Task<bool> CatchUpWithStoreAsync(CancellationToken cancellationToken)
    {
        RangeResult now = await _store.RangeAsync(new(_prefix, null), cancellationToken);
        try
        {
            return await CatchUpAsync(now.Revision, cancellationToken);
        }
        catch (FutureRevisionException)
        {
            // The watch is stuck, the store is not.
            return false;
        }
    }

    private async Task WaitForAsync(long revision, CancellationToken cancellationToken)
    {
        if (!await CatchUpAsync(revision, cancellationToken))
        {
            // No help from the store; a change may still come.
            await WaitPatientlyAsync(_hub.WaitForAsync(revision, cancellationToken), revision, cancellationToken);
        }
    }

    /// <summary>As <see cref="WaitForAsync"/>, but goes on soon if the store cannot say how far its watch is.</summary>
    /// <remarks>Then nothing can be known; what the watch lacks at its begin, it tells as a change at once.</remarks>
    private async Task ApproachAsync(long revision, CancellationToken cancellationToken)
    {
        await _hub.WaitForAsync(0, cancellationToken);

        if (!await CatchUpAsync(revision, cancellationToken))
        {
            using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(
                _hub.WaitForAsync(revision, pause.Token), Task.Delay(ProgressPeriod, _clock, pause.Token));
            await pause.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits until the cache is as far as a revision; false if the store cannot say how far its watch is.</summary>
    private async Task<bool> CatchUpAsync(long revision, CancellationToken cancellationToken)
    {
        if (_hub.State is { } state && state.Revision >= revision)
        {
            return true;
        }

        long begin = _clock.GetTimestamp();
        Task reached = _hub.WaitForAsync(revision, cancellationToken);

        while (!reached.IsCompleted)
        {
            if (!await _store.RequestProgressAsync(cancellationToken))
            {
                return reached.IsCompletedSuccessfully;
            }

            using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(reached, Task.Delay(ProgressPeriod, _clock, pause.Token));
            await pause.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();

            if (!reached.IsCompleted && _clock.GetElapsedTime(begin) >= _options.Patience)
            {
                throw new FutureRevisionException(revision, _hub.State?.Revision ?? 0);
            }
        }

        await reached;
        return true;
    }

    private async Task WaitPatientlyAsync(Task reached, long revision, CancellationToken cancellationToken)
    {
        try
        {
            await reached.WaitAsync(_options.Patience, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new FutureRevisionException(revision, _hub.State?.Revision ?? 0);
        }
    }

    private void ArmBookmarks(CacheWatchRequest<T> request)
    {
        if (request.WantsBookmarks && Interlocked.Exchange(ref _bookmarksArmed, 1) == 0)
        {
            _bookmarks.Change(_options.BookmarkPeriod, Timeout.InfiniteTimeSpan);
        }
    }

    private void TellBookmarks()
    {
        Volatile.Write(ref _bookmarksArmed, 0);

        if (_hub.HasBookmarkWatchers && Interlocked.Exchange(ref _bookmarksArmed, 1) == 0)
        {
            _bookmarks.Change(_options.BookmarkPeriod, Timeout.InfiniteTimeSpan);
            _ = TellBookmarksAsync();
        }
    }

    /// <summary>Brings the cache up to the store's revision first: a bookmark shall keep clients from what is compacted.</summary>
    private async Task TellBookmarksAsync()
    {
        try
        {
            RangeResult now = await _store.RangeAsync(new(_prefix, null), _stop.Token);
            await CatchUpAsync(now.Revision, _stop.Token);
        }
        catch (Exception e) when (e is StoreUnavailableException or FutureRevisionException or OperationCanceledException)
        {
            // Then the bookmarks say how far the cache is.
        }

        _hub.AskForBookmarks();
    }
}
