using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>A connection for reading: each of its answers is of one moment of the store.</summary>
internal sealed class SnapshotReader : IDisposable
{
    /// <summary>How many events a batch of a watch that reads the table has, about.</summary>
    private const int WatchRows = 500;

    private readonly SqliteConnection _connection;
    private readonly HistoryReader _history;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _state;

    public SnapshotReader(string path)
    {
        _connection = Schema.OpenForReading(path);
        _history = new(_connection);
        _begin = _connection.Prepare("BEGIN");
        _commit = _connection.Prepare("COMMIT");
        _state = _connection.Prepare(
            "SELECT (SELECT MAX(id) FROM history), (SELECT value FROM settings WHERE name = 'compacted')");
    }

    /// <param name="baseRevision">The revision the store had at least before.</param>
    /// <exception cref="CompactedException">The revision asked for is compacted.</exception>
    /// <exception cref="FutureRevisionException">The revision asked for does not exist yet.</exception>
    public RangeResult Range(RangeRequest request, long baseRevision)
    {
        using Snapshot snapshot = Begin();
        long current = Math.Max(snapshot.Revision, baseRevision);

        if (request.Revision > current)
        {
            throw new FutureRevisionException(request.Revision);
        }

        if (request.Revision != 0 && request.Revision < snapshot.Compacted)
        {
            throw new CompactedException(snapshot.Compacted);
        }

        long below = request.Revision == 0 ? long.MaxValue : RowId.After(request.Revision);

        if (request.End is null)
        {
            KeyValue? found = _history.Latest(request.Start, below) is { IsDelete: false } row ? row.ToKeyValue() : null;
            return new(found is null || request.CountOnly ? [] : [found], found is null ? 0 : 1, current);
        }

        ImmutableArray<KeyValue> all = request.CountOnly
            ? [] : _history.Range(request.Start, request.End, below, request.Limit);
        bool isWhole = !request.CountOnly && (request.Limit <= 0 || all.Length < request.Limit);
        return new(all, isWhole ? all.Length : _history.Count(request.Start, request.End, below), current);
    }

    /// <summary>What a watch has to be told from a revision on, as far as one batch goes.</summary>
    /// <param name="baseRevision">The revision the store had at least before.</param>
    /// <exception cref="CompactedException">Some of that is compacted.</exception>
    public WatchBatch Since(WatchRequest request, long baseRevision)
    {
        using Snapshot snapshot = Begin();

        if (request.Revision < snapshot.Compacted)
        {
            throw new CompactedException(snapshot.Compacted);
        }

        (List<HistoryRow> rows, bool isEnd) = _history.Since(
            RowId.First(request.Revision), request.Start, request.End ?? KeyRange.After(request.Start), WatchRows);
        long told = isEnd ? Math.Max(snapshot.Revision, baseRevision) : RowId.Revision(rows[^1].Id);
        return new(told, [.. rows.Select(ToEvent)]);
    }

    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _state.Dispose();
        _history.Dispose();
        _connection.Dispose();
    }

    private WatchEvent ToEvent(HistoryRow row) => new(
        row.ToKeyValue(),
        row.IsDelete,
        row.Previous == 0 ? null : _history.Find(row.Previous)?.ToKeyValue());

    private Snapshot Begin()
    {
        _begin.Run();
        try
        {
            _state.Step();
            long revision = RowId.Revision(_state.Int64(0));
            long compacted = _state.Int64(1);
            _state.Reset();
            return new(this, revision, compacted);
        }
        catch
        {
            End();
            throw;
        }
    }

    private void End()
    {
        if (_connection.IsInTransaction)
        {
            _commit.Run();
        }
    }

    /// <summary>A read transaction.</summary>
    private readonly ref struct Snapshot(SnapshotReader reader, long revision, long compacted)
    {
        public long Revision => revision;

        public long Compacted => compacted;

        public void Dispose() => reader.End();
    }
}
