namespace Noded.Store;

/// <summary>
/// An ordered key-value store with etcd's semantics (etcd API v3): one revision counts all changes, a key remembers
/// the revision that made it and the one that changed it last, and every revision since the last compaction can be
/// read and watched. Keys are compared as bytes of their UTF-8.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Reads keys from <see cref="RangeRequest.Start"/> up to and without <see cref="RangeRequest.End"/>, in order.</summary>
    /// <exception cref="CompactedException">The revision asked for is compacted.</exception>
    /// <exception cref="FutureRevisionException">The revision asked for does not exist yet.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now; asking again may help.</exception>
    Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Applies the changes together if every condition holds; otherwise changes nothing and returns what the keys of
    /// the conditions hold. It has returned only once the changes are on disk.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// The store cannot answer now. Whether the changes were made is not known unless
    /// <see cref="StoreUnavailableException.NothingChanged"/> says so.
    /// </exception>
    Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Every change to keys of the range from <see cref="WatchRequest.Revision"/> on, in the order of revisions and
    /// never a part of one: all events of a transaction come in one batch. A batch without events says that
    /// everything up to its revision has been told.
    /// </summary>
    /// <exception cref="CompactedException">Changes that should be told are compacted.</exception>
    /// <exception cref="StoreUnavailableException">The watch has ended; begin anew after the last revision seen.</exception>
    IAsyncEnumerable<WatchBatch> WatchAsync(WatchRequest request, CancellationToken cancellationToken);

    /// <summary>Forgets what was overwritten or deleted before <paramref name="revision"/>.</summary>
    /// <exception cref="CompactedException">That was forgotten before.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    Task CompactAsync(long revision, CancellationToken cancellationToken);

    /// <summary>Makes a lease; keys put with it are deleted when it expires.</summary>
    /// <returns>The lease's id.</returns>
    Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>Starts the lease's time anew; false if there is no such lease any more.</summary>
    Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken);

    /// <summary>Ends a lease and deletes its keys; a lease that is gone is no error.</summary>
    Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken);
}
