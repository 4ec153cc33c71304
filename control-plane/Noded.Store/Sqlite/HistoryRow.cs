namespace Noded.Store.Sqlite;

/// <summary>One change as the table keeps it.</summary>
/// <param name="Id">See <see cref="RowId"/>.</param>
/// <param name="Previous">The row that it replaced, 0 if it made the key.</param>
internal sealed record HistoryRow(
    long Id,
    string Key,
    long CreateRevision,
    long Version,
    long Lease,
    bool IsDelete,
    long Previous,
    ReadOnlyMemory<byte> Value)
{
    /// <summary>Columns of a query, in the order in which <see cref="Read"/> expects them.</summary>
    public const string Columns = "id, key, created, version, lease, deleted, previous, value";

    public KeyValue ToKeyValue() => new(Key, Value, CreateRevision, RowId.Revision(Id), Version, Lease);

    public static HistoryRow Read(SqliteStatement statement) => new(
        statement.Int64(0), statement.Text(1), statement.Int64(2), statement.Int64(3), statement.Int64(4),
        statement.Int64(5) != 0, statement.Int64(6), statement.Blob(7));
}
