using System.Collections.Immutable;
using Grpc.Core;

namespace Noded.Store.Etcd;

/// <summary>The members of which one is used; when it fails, the next one is.</summary>
internal sealed class EtcdCluster : IDisposable
{
    private readonly ImmutableArray<EtcdEndpoint> _endpoints;
    private readonly CancellationTokenSource _closed = new();
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _clock;
    private int _current;

    public EtcdCluster(EtcdStoreOptions options, TimeProvider clock)
    {
        _timeout = options.Timeout;
        _clock = clock;
        _endpoints = [.. options.Endpoints.Select(address => new EtcdEndpoint(address, options))];
    }

    /// <summary>Is cancelled when the store is closed.</summary>
    public CancellationToken Closed => _closed.Token;

    public EtcdEndpoint Current => _endpoints[Volatile.Read(ref _current)];

    /// <summary>Asks the current member; the others in turn, if it failed and asking again can do no harm.</summary>
    /// <param name="asked">The revision or lease that the request speaks of, for the exceptions.</param>
    /// <param name="isRead">Whether the request changes nothing, so that it may be sent twice.</param>
    public async Task<T> CallAsync<T>(
        Func<EtcdEndpoint, CallOptions, AsyncUnaryCall<T>> call,
        long asked,
        bool isRead,
        CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            ThrowIfClosed();
            EtcdEndpoint endpoint = Current;
            using CancellationTokenSource timeout = new(_timeout, _clock);
            using CancellationTokenSource linked =
                CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token, Closed);
            try
            {
                using AsyncUnaryCall<T> pending = call(endpoint, new CallOptions(cancellationToken: linked.Token));
                return await pending.ResponseAsync;
            }
            catch (Exception e) when (e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
            {
                cancellationToken.ThrowIfCancellationRequested();
                Leave(endpoint);

                if (!isRead || Closed.IsCancellationRequested || attempt >= _endpoints.Length)
                {
                    throw new StoreUnavailableException("etcd did not answer in time.", isRead, e);
                }
            }
            catch (RpcException e)
            {
                bool isOfTheMember = EtcdErrors.IsOfTheMember(e);

                if (isOfTheMember)
                {
                    Leave(endpoint);
                }

                if (!isOfTheMember || attempt >= _endpoints.Length || !(isRead || EtcdErrors.WasNotSent(e)))
                {
                    throw EtcdErrors.ToException(e, asked);
                }
            }
        }
    }

    /// <summary>Uses the next member from now on, unless somebody has left this one before.</summary>
    public void Leave(EtcdEndpoint endpoint)
    {
        int index = _endpoints.IndexOf(endpoint);
        Interlocked.CompareExchange(ref _current, (index + 1) % _endpoints.Length, index);
    }

    /// <exception cref="StoreUnavailableException">The store is closed.</exception>
    public void ThrowIfClosed()
    {
        if (_closed.IsCancellationRequested)
        {
            throw new StoreUnavailableException("The store is closed.", nothingChanged: true);
        }
    }

    /// <summary>Ends whatever goes on.</summary>
    public void Dispose()
    {
        _closed.Cancel();
        foreach (EtcdEndpoint endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }
}
