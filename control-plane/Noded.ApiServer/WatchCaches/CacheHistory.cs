using System.Runtime.CompilerServices;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>
/// The changes that a cache does not have, from the store: those before the server started, or before the oldest
/// that is kept. So a client that was away for some minutes need not list again.
/// </summary>
internal sealed class CacheHistory<T>(IStore store, Func<KeyValue, T> decode)
    where T : class
{
    /// <summary>Every change of a range after a revision, and as far as the store has told everything.</summary>
    /// <exception cref="CompactedException">Changes after the revision are not known to the store either.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async IAsyncEnumerable<CacheAnswer<T>> ReadAsync(
        string start, string end, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        WatchRequest request = new(start, end, after + 1);
        await foreach (WatchBatch batch in store.WatchAsync(request, cancellationToken))
        {
            yield return new([.. batch.Events.Select(Change)], batch.Revision, OwesBookmark: false);
        }
    }

    private CacheChange<T> Change(WatchEvent change)
    {
        bool hadPrevious = change.IsDelete || change.Current.Version > 1;
        if (hadPrevious && change.Previous is null)
        {
            // Compacted meanwhile. Whether the object came into a selector's sight or was in it cannot be told.
            throw new CompactedException(change.Current.ModRevision);
        }

        return new(change.Current.ModRevision, Object(change.Previous), change.IsDelete ? null : Object(change.Current));
    }

    private CachedObject<T>? Object(KeyValue? pair) => pair is null ? null : new(pair, decode(pair));
}
