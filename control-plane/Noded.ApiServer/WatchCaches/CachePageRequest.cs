namespace Noded.ApiServer.WatchCaches;

/// <summary>Which part of a list is wanted.</summary>
/// <param name="Start">The first key; on later pages the one that the page before named.</param>
/// <param name="End">The key before which to stop.</param>
internal sealed record CachePageRequest<T>(string Start, string End)
    where T : class
{
    /// <summary>How many objects at most, 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>Which objects count; null for all.</summary>
    public Func<CachedObject<T>, bool>? Matches { get; init; }
}
