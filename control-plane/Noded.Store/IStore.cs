namespace Noded.Store;

/// <summary>
/// An ordered key-value store with etcd's semantics (etcd API v3): one revision counts all changes, a key remembers
/// the revision that made it and the one that changed it last, and every revision since the last compaction can be
/// read and watched. Keys are not empty and are compared as bytes of their UTF-8 (<see cref="KeyRange.Compare"/>).
/// </summary>
/// <remarks>
/// Revisions grow, but not always by one. Whether a cancelled request was carried out is not known. Once disposed,
/// the store answers everything with <see cref="StoreUnavailableException"/>.
/// </remarks>
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
    /// <exception cref="LeaseNotFoundException">A key should be put with a lease that is not there; nothing is changed.</exception>
    /// <exception cref="RequestTooLargeException">The keys and values have too many bytes; nothing is changed.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The store cannot answer now. Whether the changes were made is not known unless
    /// <see cref="StoreUnavailableException.NothingChanged"/> says so.
    /// </exception>
    Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Every change to keys of the range from <see cref="WatchRequest.Revision"/> on, in the order of revisions and
    /// never a part of one: all events of a transaction come in one batch. A batch without events says that
    /// everything up to its revision has been told. The first batch has no events and comes as soon as the watch
    /// stands: what changes after its revision will be told.
    /// </summary>
    /// <exception cref="CompactedException">Changes that should be told are compacted.</exception>
    /// <exception cref="StoreUnavailableException">The watch has ended; begin anew after the last revision seen.</exception>
    IAsyncEnumerable<WatchBatch> WatchAsync(WatchRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Has every watch that stands tell soon, by a batch without events if need be, that it has come at least as far
    /// as the store is now.
    /// </summary>
    /// <returns>False if this store cannot do so reliably.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    Task<bool> RequestProgressAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Forgets what was overwritten or deleted before <paramref name="revision"/>, which itself can still be read.
    /// </summary>
    /// <exception cref="CompactedException">That was forgotten before.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    Task CompactAsync(long revision, CancellationToken cancellationToken);

    /// <summary>Makes a lease of at least one second; keys put with it are deleted when it expires.</summary>
    /// <returns>The lease's id.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>Starts the lease's time anew; false if there is no such lease any more.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken);

    /// <summary>Ends a lease and deletes its keys; a lease that is gone is no error.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken);
}
