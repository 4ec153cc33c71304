namespace Noded.Store.Sqlite;

/// <summary>Where the embedded store lives and what it takes.</summary>
/// <param name="Path">The database file; the store's other files lie beside it.</param>
public sealed record SqliteStoreOptions(string Path)
{
    /// <summary>How many bytes the keys and values of one transaction may have.</summary>
    public int MaxRequestBytes { get; init; } = 1536 * 1024;

    /// <summary>
    /// Whether a change of a key from one value to another may be lost in a crash, like
    /// <see cref="LeaseRenewal.Is"/>: such changes are acknowledged from memory. Null for never.
    /// </summary>
    public Func<string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, bool>? MayDefer { get; init; }

    /// <summary>How long such changes wait for the disk at most.</summary>
    public TimeSpan FlushPeriod { get; init; } = TimeSpan.FromMinutes(5);
}
