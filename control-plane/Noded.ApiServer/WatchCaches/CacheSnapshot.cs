using System.Collections.Immutable;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>All objects as a revision left them, in the order of their keys. Never changes.</summary>
internal sealed class CacheSnapshot<T>(ImmutableSortedSet<CachedObject<T>> objects, long revision)
    where T : class
{
    /// <summary>Compares by key alone: a set has one object per key.</summary>
    public static readonly IComparer<CachedObject<T>> ByKey =
        Comparer<CachedObject<T>>.Create(static (left, right) => KeyRange.Compare(left.Key, right.Key));

    public static readonly CacheSnapshot<T> Empty = new(ImmutableSortedSet.Create(ByKey), 0);

    public ImmutableSortedSet<CachedObject<T>> Objects { get; } = objects;

    public long Revision { get; } = revision;

    public CachedObject<T>? Find(string key) => Objects.TryGetValue(Probe(key), out CachedObject<T>? found) ? found : null;

    /// <summary>The objects from a key up to and without another.</summary>
    public IEnumerable<CachedObject<T>> Range(string start, string end)
    {
        int last = IndexOf(end);
        for (int i = IndexOf(start); i < last; i++)
        {
            yield return Objects[i];
        }
    }

    /// <summary>A part of a range.</summary>
    /// <param name="limit">How many objects at most, 0 for all.</param>
    /// <param name="matches">Which objects count; null for all.</param>
    public CachePage<T> Page(string start, string end, int limit, Func<CachedObject<T>, bool>? matches = null)
    {
        ImmutableArray<CachedObject<T>>.Builder found = ImmutableArray.CreateBuilder<CachedObject<T>>();
        int last = IndexOf(end);

        for (int i = IndexOf(start); i < last; i++)
        {
            CachedObject<T> candidate = Objects[i];

            if (matches is not null && !matches(candidate))
            {
                continue;
            }

            if (limit > 0 && found.Count == limit)
            {
                // With a selector nobody knows how many of the rest match without looking at them.
                return new(found.DrainToImmutable(), candidate.Key, matches is null ? last - i : null, Revision);
            }

            found.Add(candidate);
        }

        return new(found.DrainToImmutable(), Next: null, Remaining: matches is null ? 0 : null, Revision);
    }

    private int IndexOf(string key)
    {
        int index = Objects.IndexOf(Probe(key));
        return index < 0 ? ~index : index;
    }

    private static CachedObject<T> Probe(string key) => new(new(key, default, 0, 0, 0, 0), null!);
}

/// <summary>A part of a list.</summary>
/// <param name="Next">The key with which the next part begins; null if this is the last.</param>
/// <param name="Remaining">How many come after this part; null if that is not known.</param>
/// <param name="Revision">The state of which all parts are.</param>
internal sealed record CachePage<T>(ImmutableArray<CachedObject<T>> Objects, string? Next, int? Remaining, long Revision)
    where T : class;
