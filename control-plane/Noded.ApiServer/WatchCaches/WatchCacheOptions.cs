namespace Noded.ApiServer.WatchCaches;

/// <summary>How much a cache keeps and how long it waits.</summary>
internal sealed record WatchCacheOptions
{
    /// <summary>How many changes are kept for the watches.</summary>
    public int MaxChanges { get; init; } = 8192;

    /// <summary>How many bytes the objects of those changes have at most.</summary>
    public long MaxBytes { get; init; } = 16 << 20;

    /// <summary>How often watches tell how far they are.</summary>
    public TimeSpan BookmarkPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a read waits for a state that is new enough.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);
}
