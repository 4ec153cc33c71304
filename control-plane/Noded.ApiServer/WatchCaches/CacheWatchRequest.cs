namespace Noded.ApiServer.WatchCaches;

/// <summary>What to watch in a cache.</summary>
/// <param name="Start">The first key.</param>
/// <param name="End">The key before which to stop.</param>
internal sealed record CacheWatchRequest<T>(string Start, string End)
    where T : class
{
    /// <summary>Tell what changed after this revision; null to begin with the state there is.</summary>
    public long? After { get; init; }

    /// <summary>How new that state must be.</summary>
    public Freshness State { get; init; } = new Freshness.Any();

    /// <summary>Whether the objects of that state are told, or only what changes after it.</summary>
    public bool TellsState { get; init; } = true;

    /// <summary>Whether to say by a bookmark when the state has been told.</summary>
    public bool MarksEndOfState { get; init; }

    /// <summary>Which objects to tell of; null for all.</summary>
    public Func<CachedObject<T>, bool>? Matches { get; init; }

    /// <summary>
    /// What the cache's index says of the objects that <see cref="Matches"/> accepts; null if they differ in that.
    /// Such a watch is not even woken for other objects, so thousands of them cost little.
    /// </summary>
    public string? IndexValue { get; init; }

    /// <summary>Whether to tell now and then how far the watch is.</summary>
    public bool WantsBookmarks { get; init; }
}
