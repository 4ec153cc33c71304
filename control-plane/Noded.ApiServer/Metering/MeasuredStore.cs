using Noded.Store;

namespace Noded.ApiServer.Metering;

/// <summary>A store whose answers are timed.</summary>
internal sealed class MeasuredStore(IStore store, ApiServerMetrics metrics, TimeProvider clock) : ForwardingStore(store)
{
    public override async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        long begun = clock.GetTimestamp();
        RangeResult result = await Inner.RangeAsync(request, cancellationToken);
        Observe(request.End is null ? "get" : "list", request.Start, begun);
        return result;
    }

    public override async Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        long begun = clock.GetTimestamp();
        TransactionResult result = await Inner.CommitAsync(transaction, cancellationToken);
        string operation = transaction.Changes[0] is Change.Delete ? "delete"
            : transaction.Conditions is [{ ModRevision: 0 }, ..] ? "create"
            : "update";
        Observe(operation, transaction.Changes[0].Key, begun);
        return result;
    }

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
