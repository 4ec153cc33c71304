namespace Noded.ApiServer.WatchCaches;

/// <summary>The watches of a cache, found by what concerns them.</summary>
/// <param name="index">Something of an object by which many watches choose one, such as a pod's node; null for nothing.</param>
internal sealed class WatcherTable<T>(Func<T, string?>? index)
    where T : class
{
    private readonly List<CacheWatcher> _general = [];
    private readonly Dictionary<string, List<CacheWatcher>> _byIndex = new(StringComparer.Ordinal);

    public IEnumerable<CacheWatcher> All => _general.Concat(_byIndex.Values.SelectMany(watchers => watchers));

    public void Add(CacheWatcher watcher) => ListOf(watcher).Add(watcher);

    public void Remove(CacheWatcher watcher)
    {
        List<CacheWatcher> list = ListOf(watcher);
        list.Remove(watcher);

        if (list.Count == 0 && IndexValue(watcher) is { } value)
        {
            _byIndex.Remove(value);
        }
    }

    /// <summary>Rings for those whom a change may concern.</summary>
    public void Ring(CacheChange<T> change)
    {
        foreach (CacheWatcher watcher in _general)
        {
            RingInRange(watcher, change);
        }

        if (index is not null && _byIndex.Count > 0)
        {
            string? before = change.Before is null ? null : index(change.Before.Facts);
            string? after = change.After is null ? null : index(change.After.Facts);
            RingIndexed(before, change);

            if (before != after)
            {
                RingIndexed(after, change);
            }
        }
    }

    private void RingIndexed(string? value, CacheChange<T> change)
    {
        if (value is not null && _byIndex.TryGetValue(value, out List<CacheWatcher>? watchers))
        {
            watchers.ForEach(watcher => RingInRange(watcher, change));
        }
    }

    private static void RingInRange(CacheWatcher watcher, CacheChange<T> change)
    {
        if (watcher.IsInRange(change.Key))
        {
            watcher.Ring();
        }
    }

    private List<CacheWatcher> ListOf(CacheWatcher watcher)
    {
        if (IndexValue(watcher) is not { } value)
        {
            return _general;
        }

        if (!_byIndex.TryGetValue(value, out List<CacheWatcher>? list))
        {
            _byIndex.Add(value, list = []);
        }

        return list;
    }

    private string? IndexValue(CacheWatcher watcher) => index is null ? null : watcher.IndexValue;
}
