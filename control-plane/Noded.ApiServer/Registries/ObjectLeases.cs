using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>
/// Leases with which short-lived objects end by themselves. One is shared by all that are written within a minute, so
/// that a storm of events makes few of them (apiserver, storage/etcd3/lease_manager.go).
/// </summary>
internal sealed class ObjectLeases(IStore store, TimeSpan timeToLive, TimeProvider clock) : IDisposable
{
    private const int MostObjects = 1000;
    private static readonly TimeSpan Reuse = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private long _lease;
    private int _objects;
    private DateTimeOffset _until;

    /// <summary>A lease that lasts for the time to live at least, and a minute more at most.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<long> TakeAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            DateTimeOffset now = clock.GetUtcNow();
            if (_lease == 0 || now >= _until || _objects >= MostObjects)
            {
                _lease = await store.GrantLeaseAsync(timeToLive + Reuse, cancellationToken);
                _until = now + Reuse;
                _objects = 0;
            }

            _objects++;
            return _lease;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
