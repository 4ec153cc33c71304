using System.Collections.Immutable;

namespace Noded.Store;

/// <summary>What to watch.</summary>
/// <param name="Start">The first key.</param>
/// <param name="End">The key before which to stop; null for <paramref name="Start"/> alone.</param>
/// <param name="Revision">The first revision whose changes to tell, 0 for all from now on.</param>
public sealed record WatchRequest(string Start, string? End, long Revision)
{
    /// <summary>All keys that begin with a prefix.</summary>
    public static WatchRequest OfPrefix(string prefix, long revision) =>
        new(prefix, KeyRange.EndOfPrefix(prefix), revision);
}

/// <summary>The events of one revision or of several that follow one another.</summary>
/// <param name="Revision">Everything up to and with this revision has been told.</param>
/// <param name="Events">In the order of revisions.</param>
public sealed record WatchBatch(long Revision, ImmutableArray<WatchEvent> Events);

/// <summary>A change of one key.</summary>
/// <param name="Current">The key as changed; of a deletion, its name and the revision that deleted it, without a value.</param>
/// <param name="IsDelete">Whether the key was deleted.</param>
/// <param name="Previous">The key before; null if this change made it, and perhaps if that is compacted.</param>
public sealed record WatchEvent(KeyValue Current, bool IsDelete, KeyValue? Previous);
