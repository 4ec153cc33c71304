namespace Noded.ApiServer.WatchCaches;

/// <summary>What a watch tells.</summary>
internal enum NoticeType
{
    Added,
    Modified,
    Deleted,

    /// <summary>No object, only how far the watch is.</summary>
    Bookmark,
}

/// <summary>One thing that a watch tells.</summary>
/// <param name="Object">The object; of a deletion, as it was last, with the revision of the deletion.</param>
/// <param name="Revision">The object's; of a bookmark, that up to which everything has been told.</param>
/// <param name="IsInitial">Whether the object is part of the state with which the watch begins.</param>
/// <param name="EndsInitialEvents">Whether this bookmark follows the last of the initial events.</param>
internal sealed record WatchNotice<T>(
    NoticeType Type, CachedObject<T>? Object, long Revision, bool IsInitial = false, bool EndsInitialEvents = false)
    where T : class;
