using System.Collections.Immutable;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>Reads from the store itself what a cache does not have, no more of it than is wanted.</summary>
internal sealed class StorePages<T>(IStore store, Func<KeyValue, T> decode)
    where T : class
{
    // With a selector nobody knows how many have to be looked at.
    private const int LeastKeys = 500;

    /// <summary>A range at a revision, 0 for the newest.</summary>
    public async Task<CacheSnapshot<T>> ReadAsync(
        string start, string end, long revision, CancellationToken cancellationToken)
    {
        RangeResult result = await store.RangeAsync(new(start, end) { Revision = revision }, cancellationToken);
        return new(
            result.KeyValues.Select(Decode).ToImmutableSortedSet(CacheSnapshot<T>.ByKey),
            revision == 0 ? result.Revision : revision);
    }

    /// <summary>As <see cref="CacheSnapshot{T}.Page"/>, at a revision, 0 for the newest.</summary>
    public async Task<CachePage<T>> PageAsync(
        CachePageRequest<T> request, long revision, CancellationToken cancellationToken)
    {
        ImmutableArray<CachedObject<T>>.Builder found = ImmutableArray.CreateBuilder<CachedObject<T>>();
        string next = request.Start;

        while (true)
        {
            RangeResult part = await store.RangeAsync(
                new(next, request.End) { Revision = revision, Limit = Keys(request) }, cancellationToken);
            // All parts are of one state.
            revision = revision == 0 ? part.Revision : revision;

            for (int i = 0; i < part.KeyValues.Length; i++)
            {
                CachedObject<T> candidate = Decode(part.KeyValues[i]);

                if (request.Matches is not null && !request.Matches(candidate))
                {
                    continue;
                }

                if (request.Limit > 0 && found.Count == request.Limit)
                {
                    int? remaining = request.Matches is null ? (int)(part.Count - i) : null;
                    return new(found.DrainToImmutable(), candidate.Key, remaining, revision);
                }

                found.Add(candidate);
            }

            if (!part.More)
            {
                return new(found.DrainToImmutable(), Next: null, request.Matches is null ? 0 : null, revision);
            }

            next = KeyRange.After(part.KeyValues[^1].Key);
        }
    }

    public CachedObject<T> Decode(KeyValue pair) => new(pair, decode(pair));

    /// <summary>One more than is wanted says whether there are more, and with which the next page begins.</summary>
    private static int Keys(CachePageRequest<T> request) => request switch
    {
        { Limit: 0 } => 0,
        { Matches: null } => request.Limit + 1,
        _ => Math.Max(request.Limit + 1, LeastKeys),
    };
}
