namespace Noded.ApiServer.WatchCaches;

/// <summary>One object's change, as all watches see it.</summary>
internal sealed class CacheChange<T>(long revision, CachedObject<T>? before, CachedObject<T>? after)
    where T : class
{
    private CachedObject<T>? _gone;

    public long Revision { get; } = revision;

    /// <summary>The object before; null if it was made.</summary>
    public CachedObject<T>? Before { get; } = before;

    /// <summary>The object now; null if it was deleted.</summary>
    public CachedObject<T>? After { get; } = after;

    public string Key => (After ?? Before!).Key;

    public int Bytes => (After ?? Before!).Stored.Value.Length;

    /// <summary>What a watch tells that looks at some objects only; null for nothing.</summary>
    /// <remarks>To such a watch an object that comes into sight is new, and one that goes out of sight is deleted.</remarks>
    public WatchNotice<T>? Notice(Func<CachedObject<T>, bool>? matches)
    {
        bool before = Before is not null && (matches is null || matches(Before));
        bool after = After is not null && (matches is null || matches(After));

        return (before, after) switch
        {
            (false, true) => new(NoticeType.Added, After, Revision),
            (true, true) => new(NoticeType.Modified, After, Revision),
            (true, false) => new(NoticeType.Deleted, Gone(), Revision),
            _ => null,
        };
    }

    public void ForgetEncodings()
    {
        After?.ForgetEncodings();
        _gone?.ForgetEncodings();
    }

    /// <summary>The object as it was last, with the revision at which it went: one for all watches.</summary>
    private CachedObject<T> Gone() =>
        _gone ?? Interlocked.CompareExchange(ref _gone, Before!.GoneAt(Revision), null) ?? _gone;
}
