using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Protocols.Etcd.V3;

namespace Noded.Store.Etcd;

/// <summary>One watch, which has a stream of its own.</summary>
internal sealed class EtcdWatch(EtcdCluster cluster, EtcdKeys keys, WatchRequest request) : IDisposable
{
    private readonly EtcdEndpoint _endpoint = cluster.Current;

    // gRPC takes one message at a time.
    private readonly SemaphoreSlim _sending = new(1, 1);

    private AsyncDuplexStreamingCall<Protocols.Etcd.V3.WatchRequest, WatchResponse>? _call;

    public EtcdEndpoint Endpoint => _endpoint;

    /// <summary>Asks to be told how far the watch is; nothing happens if it has ended.</summary>
    public async Task RequestProgressAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(new() { ProgressRequest = new() }, cancellationToken);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or ObjectDisposedException)
        {
            // Whoever reads the watch is told.
        }
    }

    public async IAsyncEnumerable<WatchBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource linked =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, cluster.Closed);
        _call = _endpoint.Watches.Watch(new CallOptions(cancellationToken: linked.Token));
        await GuardAsync(CreateAsync(linked.Token), cancellationToken);
        List<Event> events = [];

        while (await GuardAsync(_call.ResponseStream.MoveNext(linked.Token), cancellationToken))
        {
            WatchResponse response = _call.ResponseStream.Current;
            ThrowIfEnded(response);

            if (response.Created)
            {
                long told = response.Header.Revision;
                yield return new(request.Revision == 0 ? told : Math.Min(told, request.Revision - 1), []);
                continue;
            }

            events.AddRange(response.Events);

            // The parts of a response that had too many bytes follow one another.
            if (!response.Fragment)
            {
                yield return new(
                    events.Count > 0 ? events[^1].Kv.ModRevision : response.Header.Revision,
                    [.. events.Select(keys.Event)]);
                events.Clear();
            }
        }

        throw new StoreUnavailableException("etcd has ended the watch.", nothingChanged: true);
    }

    public void Dispose()
    {
        _call?.Dispose();
        _sending.Dispose();
    }

    private async Task<bool> CreateAsync(CancellationToken cancellationToken)
    {
        await SendAsync(
            new()
            {
                CreateRequest = new()
                {
                    Key = keys.Key(request.Start),
                    RangeEnd = keys.End(request.End),
                    StartRevision = request.Revision,
                    ProgressNotify = true,
                    PrevKv = true,
                    Fragment = true,
                },
            },
            cancellationToken);
        return true;
    }

    private async Task SendAsync(Protocols.Etcd.V3.WatchRequest message, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            if (_call is not null)
            {
                await _call.RequestStream.WriteAsync(message, cancellationToken);
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    private static void ThrowIfEnded(WatchResponse response)
    {
        if (response.CompactRevision != 0)
        {
            throw new CompactedException(response.CompactRevision);
        }

        if (response.Canceled)
        {
            throw new StoreUnavailableException($"etcd has ended the watch: {response.CancelReason}", nothingChanged: true);
        }
    }

    private async Task<T> GuardAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        try
        {
            return await task;
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            cluster.ThrowIfClosed();
            cluster.Leave(_endpoint);
            throw new StoreUnavailableException($"etcd's watch has ended: {e.Message}", nothingChanged: true, e);
        }
    }
}
