using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>The queries on the history; belongs to one connection.</summary>
internal sealed class HistoryReader(SqliteConnection connection) : IDisposable
{
    // The newest row of each key below a row number. MIN and MAX give their row's other columns (SQLite's own rule).
    private const string Newest = """
        SELECT key, MAX(id) AS newest, deleted FROM history INDEXED BY history_by_key
        WHERE key >= ?1 AND key < ?2 AND id < ?3 GROUP BY key
        """;

    private readonly SqliteStatement _latest = connection.Prepare(
        $"SELECT {HistoryRow.Columns} FROM history WHERE key = ?1 AND id < ?2 ORDER BY id DESC LIMIT 1");

    private readonly SqliteStatement _byId = connection.Prepare(
        $"SELECT {HistoryRow.Columns} FROM history WHERE id = ?1");

    private readonly SqliteStatement _range = connection.Prepare($"""
        SELECT history.id, history.key, created, version, lease, history.deleted, previous, value
        FROM ({Newest}) AS found JOIN history ON history.id = found.newest
        WHERE found.deleted = 0 ORDER BY found.key LIMIT ?4
        """);

    private readonly SqliteStatement _count = connection.Prepare(
        $"SELECT COUNT(*) FROM ({Newest}) WHERE deleted = 0");

    private readonly SqliteStatement _since = connection.Prepare($"""
        SELECT {HistoryRow.Columns} FROM history NOT INDEXED
        WHERE id >= ?1 AND key >= ?2 AND key < ?3 ORDER BY id
        """);

    /// <summary>The newest row of a key below a row number, be it a deletion; null if there is none.</summary>
    public HistoryRow? Latest(string key, long below = long.MaxValue) =>
        One(_latest.Bind(1, key).Bind(2, below));

    /// <summary>A row by its number, null if it has been compacted.</summary>
    public HistoryRow? Find(long id) => One(_byId.Bind(1, id));

    /// <summary>The keys of a range below a row number, in order.</summary>
    public ImmutableArray<KeyValue> Range(string start, string end, long below, int limit)
    {
        _range.Bind(1, start).Bind(2, end).Bind(3, below).Bind(4, limit > 0 ? limit : -1);
        ImmutableArray<KeyValue>.Builder found = ImmutableArray.CreateBuilder<KeyValue>();
        try
        {
            while (_range.Step())
            {
                found.Add(HistoryRow.Read(_range).ToKeyValue());
            }
        }
        finally
        {
            _range.Reset();
        }

        return found.DrainToImmutable();
    }

    public long Count(string start, string end, long below)
    {
        _count.Bind(1, start).Bind(2, end).Bind(3, below);
        try
        {
            return _count.Step() ? _count.Int64(0) : 0;
        }
        finally
        {
            _count.Reset();
        }
    }

    /// <summary>Rows of a range from a row number on, at least <paramref name="least"/> and whole revisions.</summary>
    /// <returns>The rows, and whether there are no more.</returns>
    public (List<HistoryRow> Rows, bool IsEnd) Since(long id, string start, string end, int least)
    {
        _since.Bind(1, id).Bind(2, start).Bind(3, end);
        List<HistoryRow> rows = [];
        try
        {
            while (_since.Step())
            {
                HistoryRow row = HistoryRow.Read(_since);
                if (rows.Count >= least && RowId.Revision(row.Id) != RowId.Revision(rows[^1].Id))
                {
                    return (rows, IsEnd: false);
                }

                rows.Add(row);
            }
        }
        finally
        {
            _since.Reset();
        }

        return (rows, IsEnd: true);
    }

    public void Dispose()
    {
        _latest.Dispose();
        _byId.Dispose();
        _range.Dispose();
        _count.Dispose();
        _since.Dispose();
    }

    private static HistoryRow? One(SqliteStatement statement)
    {
        try
        {
            return statement.Step() ? HistoryRow.Read(statement) : null;
        }
        finally
        {
            statement.Reset();
        }
    }
}
