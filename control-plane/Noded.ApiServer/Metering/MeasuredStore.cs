using Noded.Store;

namespace Noded.ApiServer.Metering;

/// <summary>A store whose answers are timed.</summary>
internal sealed class MeasuredStore(IStore store, ApiServerMetrics metrics, TimeProvider clock) : IStore
{
    public async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        long begun = clock.GetTimestamp();
        RangeResult result = await store.RangeAsync(request, cancellationToken);
        Observe(request.End is null ? "get" : "list", request.Start, begun);
        return result;
    }

    public async Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        long begun = clock.GetTimestamp();
        TransactionResult result = await store.CommitAsync(transaction, cancellationToken);
        string operation = transaction.Changes[0] is Change.Delete ? "delete"
            : transaction.Conditions is [{ ModRevision: 0 }, ..] ? "create"
            : "update";
        Observe(operation, transaction.Changes[0].Key, begun);
        return result;
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(WatchRequest request, CancellationToken cancellationToken) =>
        store.WatchAsync(request, cancellationToken);

    public Task<bool> RequestProgressAsync(CancellationToken cancellationToken) => store.RequestProgressAsync(cancellationToken);

    public Task CompactAsync(long revision, CancellationToken cancellationToken) => store.CompactAsync(revision, cancellationToken);

    public Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        store.GrantLeaseAsync(timeToLive, cancellationToken);

    public Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken) =>
        store.KeepLeaseAliveAsync(lease, cancellationToken);

    public Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken) =>
        store.RevokeLeaseAsync(lease, cancellationToken);

    /// <summary>The store is its owner's to dispose.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Observe(string operation, string key, long begun) =>
        metrics.StoreDurations.WithLabels(operation, TypeOf(key)).Observe(clock.GetElapsedTime(begun).TotalSeconds);

    /// <summary>The resource of a key: <c>/registry/GROUP/RESOURCE/…</c>.</summary>
    private static string TypeOf(string key)
    {
        int group = key.IndexOf('/', 1);
        int resource = group < 0 ? -1 : key.IndexOf('/', group + 1);
        int end = resource < 0 ? -1 : key.IndexOf('/', resource + 1);
        return end < 0 ? "" : key[(resource + 1)..end];
    }
}
