namespace Noded.ApiServer.WatchCaches;

/// <summary>How new the state must be that a read returns.</summary>
internal abstract record Freshness
{
    private Freshness()
    {
    }

    /// <summary>Whatever the cache has: resourceVersion 0.</summary>
    internal sealed record Any : Freshness;

    /// <summary>At least as new as a revision.</summary>
    internal sealed record NotOlderThan(long Revision) : Freshness;

    /// <summary>As it was at a revision.</summary>
    internal sealed record Exactly(long Revision) : Freshness;

    /// <summary>At least as new as the store when it was asked, so that one reads what one wrote: no resourceVersion.</summary>
    internal sealed record Consistent : Freshness;
}
