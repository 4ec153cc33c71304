using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.Store;

namespace Noded.ApiServer.Authorization;

/// <summary>
/// Keeps all roles and bindings in memory. One loop reads the store; what was written through this server is known
/// here before its client hears of it.
/// </summary>
internal sealed class RbacCache(IStore store, TimeProvider clock)
{
    private const string Prefix = "/registry/rbac.authorization.k8s.io/";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, JsonObject> _documents = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<(long Revision, TaskCompletionSource Seen)> _waiting = [];
    private volatile RbacSnapshot _snapshot = new(new Dictionary<string, JsonObject>(), 0);
    private long _revision;

    public RbacSnapshot Snapshot => _snapshot;

    public static bool Covers(string key) => key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Completes once everything has been read for the first time.</summary>
    public Task FilledAsync(CancellationToken cancellationToken) => _filled.Task.WaitAsync(cancellationToken);

    /// <summary>Completes once a revision is known here.</summary>
    public Task SeenAsync(long revision, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_revision >= revision)
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((revision, seen));
            return seen.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Follows the store until it is cancelled, and begins anew when the store has failed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (Exception e) when (e is StoreUnavailableException or CompactedException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        RangeResult all = await store.RangeAsync(RangeRequest.OfPrefix(Prefix), cancellationToken);
        _documents.Clear();
        foreach (KeyValue keyValue in all.KeyValues)
        {
            Set(keyValue);
        }

        Publish(all.Revision);
        _filled.TrySetResult();
        await foreach (WatchBatch batch in store.WatchAsync(WatchRequest.OfPrefix(Prefix, all.Revision + 1), cancellationToken))
        {
            foreach (WatchEvent change in batch.Events)
            {
                if (change.IsDelete)
                {
                    _documents.Remove(change.Current.Key);
                }
                else
                {
                    Set(change.Current);
                }
            }

            Publish(batch.Revision);
        }
    }

    private void Set(KeyValue keyValue)
    {
        if (DocumentReader.ReadJson(keyValue.Value.Span).Root is JsonObject document)
        {
            _documents[keyValue.Key] = document;
        }
    }

    private void Publish(long revision)
    {
        _snapshot = new RbacSnapshot(_documents, revision);
        lock (_lock)
        {
            _revision = revision;
            foreach ((_, TaskCompletionSource seen) in _waiting.Where(waiting => waiting.Revision <= revision))
            {
                seen.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Revision <= revision);
        }
    }
}
