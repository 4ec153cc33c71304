namespace Noded.Store.Sqlite;

/// <summary>What SQLite refused, with its own words.</summary>
/// <param name="code">SQLite's extended result code.</param>
internal sealed class SqliteException(string operation, int code, string message)
    : Exception($"{operation}: {message} (SQLite {code})")
{
    private const int Full = 13;

    /// <summary>Whether the disk, or the part of it that is ours, has no space left.</summary>
    public bool IsFull => (code & 0xff) == Full;
}
