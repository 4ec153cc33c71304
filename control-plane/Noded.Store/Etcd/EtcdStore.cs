using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>The store in an etcd cluster, over gRPC.</summary>
public sealed class EtcdStore : IStore
{
    private readonly EtcdCluster _cluster;
    private readonly EtcdKeys _keys;
    private readonly EtcdRanges _ranges;

    // Those that stand now. They are few, and come and go rarely.
    private ImmutableList<EtcdWatch> _watches = [];

    /// <summary>Makes a store that connects when it is first asked for something.</summary>
    public EtcdStore(EtcdStoreOptions options, TimeProvider clock)
    {
        _cluster = new(options, clock);
        _keys = new(options.Prefix);
        _ranges = new(_cluster, _keys);
    }

    /// <inheritdoc/>
    public Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        _ranges.ReadAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        TxnRequest request = EtcdTransactions.Request(transaction, _keys);
        long lease = transaction.Changes.OfType<Change.Put>().FirstOrDefault(put => put.Lease != 0)?.Lease ?? 0;
        TxnResponse response = await _cluster.CallAsync(
            (endpoint, options) => endpoint.Keys.TxnAsync(request, options), lease, isRead: false, cancellationToken);
        return EtcdTransactions.Result(response, _keys);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        WatchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _cluster.ThrowIfClosed();
        using EtcdWatch watch = new(_cluster, _keys, request);
        ImmutableInterlocked.Update(ref _watches, static (all, added) => all.Add(added), watch);
        try
        {
            await foreach (WatchBatch batch in watch.ReadAsync(cancellationToken))
            {
                yield return batch;
            }
        }
        finally
        {
            ImmutableInterlocked.Update(ref _watches, static (all, removed) => all.Remove(removed), watch);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> RequestProgressAsync(CancellationToken cancellationToken)
    {
        _cluster.ThrowIfClosed();
        ImmutableList<EtcdWatch> watches = Volatile.Read(ref _watches);
        try
        {
            foreach (EtcdEndpoint endpoint in watches.Select(watch => watch.Endpoint).Distinct())
            {
                if (!await endpoint.HasReliableProgressAsync(cancellationToken))
                {
                    return false;
                }
            }
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw EtcdErrors.ToException(e, asked: 0);
        }

        await Task.WhenAll(watches.Select(watch => watch.RequestProgressAsync(cancellationToken)));
        return true;
    }

    /// <inheritdoc/>
    public async Task CompactAsync(long revision, CancellationToken cancellationToken) => await _cluster.CallAsync(
        (endpoint, options) => endpoint.Keys.CompactAsync(new() { Revision = revision }, options),
        revision,
        isRead: false,
        cancellationToken);

    /// <inheritdoc/>
    public async Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        long seconds = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds));
        LeaseGrantResponse response = await _cluster.CallAsync(
            (endpoint, options) => endpoint.Leases.LeaseGrantAsync(new() { TTL = seconds }, options),
            asked: 0,
            isRead: false,
            cancellationToken);
        return response.ID;
    }

    /// <inheritdoc/>
    public async Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken)
    {
        LeaseKeepAliveResponse response = await _cluster.CallAsync(
            (endpoint, options) => KeepAlive(endpoint, lease, options), lease, isRead: true, cancellationToken);
        return response.TTL > 0;
    }

    /// <inheritdoc/>
    public async Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken)
    {
        try
        {
            await _cluster.CallAsync(
                (endpoint, options) => endpoint.Leases.LeaseRevokeAsync(new() { ID = lease }, options),
                lease,
                isRead: false,
                cancellationToken);
        }
        catch (LeaseNotFoundException)
        {
            // As asked.
        }
    }

    /// <summary>Ends the watches and closes the connections.</summary>
    public ValueTask DisposeAsync()
    {
        _cluster.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>One question and one answer on a stream, as if it were an ordinary call.</summary>
    private static AsyncUnaryCall<LeaseKeepAliveResponse> KeepAlive(
        EtcdEndpoint endpoint, long lease, CallOptions options)
    {
        AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call =
            endpoint.Leases.LeaseKeepAlive(options);
        return new(
            AnswerAsync(), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

        async Task<LeaseKeepAliveResponse> AnswerAsync()
        {
            await call.RequestStream.WriteAsync(new() { ID = lease }, options.CancellationToken);
            return await call.ResponseStream.MoveNext(options.CancellationToken)
                ? call.ResponseStream.Current
                : throw new RpcException(new(StatusCode.Unavailable, "the stream has ended"));
        }
    }
}
