using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Primitives;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>Keeps a hub as the store is: lists once, then watches; lists again only if changes were compacted.</summary>
internal sealed partial class CacheFeed<T>(
    IStore store, string prefix, Func<KeyValue, T> decode, CacheHub<T> hub, ILogger logger)
    where T : class
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        Backoff backoff = new(FirstDelay, LongestDelay, Random.Shared.NextDouble);
        bool mustList = true;

        while (true)
        {
            try
            {
                if (mustList)
                {
                    await ListAsync(cancellationToken);
                    mustList = false;
                }

                await WatchAsync(backoff, cancellationToken);
            }
            catch (CompactedException)
            {
                LogCompacted(prefix);
                mustList = true;
            }
            catch (StoreUnavailableException e)
            {
                await PauseAsync(e);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // An object that cannot be decoded, say. A cache that stands still must not do so in silence.
                mustList = true;
                await PauseAsync(e);
            }
        }

        async Task PauseAsync(Exception exception)
        {
            TimeSpan delay = backoff.Next();
            LogUnavailable(prefix, delay, exception);
            await Task.Delay(delay, clock, cancellationToken);
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        RangeResult all = await store.RangeAsync(RangeRequest.OfPrefix(prefix), cancellationToken);
        ImmutableSortedSet<CachedObject<T>> objects = all.KeyValues
            .Select(pair => new CachedObject<T>(pair, decode(pair)))
            .ToImmutableSortedSet(CacheSnapshot<T>.ByKey);
        hub.Reset(new(objects, all.Revision));
    }

    private async Task WatchAsync(Backoff backoff, CancellationToken cancellationToken)
    {
        WatchRequest request = WatchRequest.OfPrefix(prefix, hub.State!.Revision + 1);
        bool stands = false;

        await foreach (WatchBatch batch in store.WatchAsync(request, cancellationToken))
        {
            backoff.Reset();
            Apply(batch);

            if (!stands && hub.IsAwaited)
            {
                // Whoever asked for progress before this watch stood was not heard.
                await store.RequestProgressAsync(cancellationToken);
            }

            stands = true;
        }
    }

    private void Apply(WatchBatch batch)
    {
        CacheSnapshot<T> before = hub.State!;

        if (batch.Revision <= before.Revision)
        {
            return;
        }

        if (batch.Events.IsEmpty)
        {
            hub.Apply([], new(before.Objects, batch.Revision));
            return;
        }

        List<CacheChange<T>> changes = new(batch.Events.Length);
        ImmutableSortedSet<CachedObject<T>>.Builder objects = before.Objects.ToBuilder();
        foreach (WatchEvent change in batch.Events)
        {
            CachedObject<T>? now = change.IsDelete ? null : new(change.Current, decode(change.Current));
            CachedObject<T>? previous = Replace(objects, change.Current, now);

            if (now is not null || previous is not null)
            {
                changes.Add(new(change.Current.ModRevision, previous, now));
            }
        }

        hub.Apply(changes, new(objects.ToImmutable(), batch.Revision));
    }

    private static CachedObject<T>? Replace(
        ImmutableSortedSet<CachedObject<T>>.Builder objects, KeyValue key, CachedObject<T>? now)
    {
        // Compares by key alone.
        CachedObject<T> probe = now ?? new CachedObject<T>(key, null!);

        if (objects.TryGetValue(probe, out CachedObject<T>? previous))
        {
            objects.Remove(previous);
        }
        else
        {
            previous = null;
        }

        if (now is not null)
        {
            objects.Add(now);
        }

        return previous;
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Information, Message = "Changes below {Prefix} were compacted unseen; listing")]
    private partial void LogCompacted(string prefix);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Warning, Message = "The watch of {Prefix} has ended, again in {Delay}")]
    private partial void LogUnavailable(string prefix, TimeSpan delay, Exception exception);
}
