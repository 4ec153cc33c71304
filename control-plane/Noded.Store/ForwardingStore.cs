namespace Noded.Store;

/// <summary>A store that passes everything on to another one, which is its owner's to dispose: for those that watch or disturb a part.</summary>
public abstract class ForwardingStore(IStore inner) : IStore
{
    protected IStore Inner => inner;

    public virtual Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        inner.RangeAsync(request, cancellationToken);

    public virtual Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        inner.CommitAsync(transaction, cancellationToken);

    public virtual IAsyncEnumerable<WatchBatch> WatchAsync(WatchRequest request, CancellationToken cancellationToken) =>
        inner.WatchAsync(request, cancellationToken);

    public virtual Task<bool> RequestProgressAsync(CancellationToken cancellationToken) =>
        inner.RequestProgressAsync(cancellationToken);

    public virtual Task CompactAsync(long revision, CancellationToken cancellationToken) =>
        inner.CompactAsync(revision, cancellationToken);

    public Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        inner.GrantLeaseAsync(timeToLive, cancellationToken);

    public Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken) =>
        inner.KeepLeaseAliveAsync(lease, cancellationToken);

    public Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken) =>
        inner.RevokeLeaseAsync(lease, cancellationToken);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
