using System.Threading.Channels;

using Noded.Store;

namespace Noded.ApiServer.Tests.Hosting;

/// <summary>A store that says when it was read and compacted.</summary>
internal sealed class RecordingStore(IStore store) : IStore
{
    // Unbounded: a test makes few calls.
    private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
    private readonly Channel<long> _compacted = Channel.CreateUnbounded<long>();

    public ValueTask<bool> AskedAsync(CancellationToken cancellationToken) => _asked.Reader.ReadAsync(cancellationToken);

    public ValueTask<long> CompactedAsync(CancellationToken cancellationToken) => _compacted.Reader.ReadAsync(cancellationToken);

    public async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        RangeResult result = await store.RangeAsync(request, cancellationToken);
        _asked.Writer.TryWrite(true);
        return result;
    }

    public async Task CompactAsync(long revision, CancellationToken cancellationToken)
    {
        await store.CompactAsync(revision, cancellationToken);
        _compacted.Writer.TryWrite(revision);
    }

    public Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        store.CommitAsync(transaction, cancellationToken);

    public IAsyncEnumerable<WatchBatch> WatchAsync(WatchRequest request, CancellationToken cancellationToken) =>
        store.WatchAsync(request, cancellationToken);

    public Task<bool> RequestProgressAsync(CancellationToken cancellationToken) => store.RequestProgressAsync(cancellationToken);

    public Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        store.GrantLeaseAsync(timeToLive, cancellationToken);

    public Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken) =>
        store.KeepLeaseAliveAsync(lease, cancellationToken);

    public Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken) =>
        store.RevokeLeaseAsync(lease, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
