namespace Noded.Store.Sqlite;

/// <summary>Where the embedded store lives and what it takes.</summary>
/// <param name="Path">The database file; the store's other files lie beside it.</param>
public sealed record SqliteStoreOptions(string Path)
{
    /// <summary>How many bytes the keys and values of one transaction may have.</summary>
    public int MaxRequestBytes { get; init; } = 1536 * 1024;
}
