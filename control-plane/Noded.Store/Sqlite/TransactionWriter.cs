using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>Makes changes in the SQLite transaction that is going on, and remembers them for the watches.</summary>
internal sealed class TransactionWriter(
    SqliteConnection connection, RevisionCounter revisions, DeferredWrites deferred) : IDisposable
{
    private readonly HistoryReader _history = new(connection);

    private readonly SqliteStatement _insert = connection.Prepare(
        $"INSERT INTO history ({HistoryRow.Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

    private readonly SqliteStatement _leaseExists = connection.Prepare("SELECT 1 FROM leases WHERE id = ?1");

    /// <summary>What was changed since <see cref="Forget"/>, a batch per revision.</summary>
    public List<WatchBatch> Changes { get; } = [];

    public HistoryRow? Latest(string key) => deferred.Find(key) ?? _history.Latest(key);

    /// <exception cref="LeaseNotFoundException">A key should be put with a lease that is not there.</exception>
    public TransactionResult Commit(Transaction transaction)
    {
        HistoryRow?[] found = new HistoryRow?[transaction.Conditions.Length];
        bool holds = true;

        for (int i = 0; i < found.Length; i++)
        {
            Condition condition = transaction.Conditions[i];
            found[i] = Latest(condition.Key);
            long revision = found[i] is { IsDelete: false } row ? RowId.Revision(row.Id) : 0;
            holds &= revision == condition.ModRevision;
        }

        if (!holds)
        {
            return new(false, revisions.Current, [.. found.OfType<HistoryRow>()
                .Where(row => !row.IsDelete).Select(row => row.ToKeyValue())]);
        }

        if (transaction.Changes is [Change.Put put] && deferred.Accepts(transaction, Latest(put.Key)))
        {
            Defer(put, Latest(put.Key)!);
            return new(true, revisions.Current, []);
        }

        // Before anything is changed: the changes of others in this SQLite transaction stay.
        CheckLeases(transaction);
        Apply(transaction.Changes, key => Known(transaction.Conditions, found, key) ?? Latest(key));
        return new(true, revisions.Current, []);
    }

    /// <summary>Makes changes under one revision; those that delete what is not there have none.</summary>
    public void Apply(ImmutableArray<Change> changes) => Apply(changes, Latest);

    /// <summary>Writes all rows that were deferred.</summary>
    public int Flush()
    {
        int count = deferred.Current.Rows.Count;
        foreach (HistoryRow row in deferred.Current.Rows.Values.OrderBy(row => row.Id))
        {
            Write(row);
        }

        return count;
    }

    public void Forget() => Changes.Clear();

    public void Dispose()
    {
        _history.Dispose();
        _insert.Dispose();
        _leaseExists.Dispose();
    }

    private void Apply(ImmutableArray<Change> changes, Func<string, HistoryRow?> latest)
    {
        ImmutableArray<WatchEvent>.Builder events = ImmutableArray.CreateBuilder<WatchEvent>(changes.Length);
        long revision = 0;

        foreach (Change change in changes)
        {
            HistoryRow? before = latest(change.Key) is { IsDelete: false } row ? row : null;

            if (before is null && change is Change.Delete)
            {
                continue;
            }

            if (before is not null && deferred.Find(change.Key) is { } waiting)
            {
                Write(waiting);
            }

            revision = revision == 0 ? revisions.Next() : revision;
            HistoryRow now = Next(change, before, RowId.Of(revision, events.Count));
            Insert(now);
            events.Add(new(now.ToKeyValue(), now.IsDelete, before?.ToKeyValue()));
        }

        if (revision != 0)
        {
            Changes.Add(new(revision, events.DrainToImmutable()));
        }
    }

    /// <summary>Makes a change that is told to all, but goes to disk later.</summary>
    private void Defer(Change.Put put, HistoryRow before)
    {
        HistoryRow now = Next(put, before, RowId.Of(revisions.Next(), 0));
        bool isDeferred = deferred.Find(put.Key) is not null;
        // On disk, it will follow the row that is there.
        deferred.Add(isDeferred ? now with { Previous = before.Previous } : now);
        Changes.Add(new(revisions.Current, [new(now.ToKeyValue(), IsDelete: false, before.ToKeyValue())]));
    }

    private void Write(HistoryRow row)
    {
        Insert(row);
        deferred.Remove(row.Key);
    }

    private static HistoryRow Next(Change change, HistoryRow? before, long id) => change switch
    {
        Change.Put put => new(
            id, put.Key, before?.CreateRevision ?? RowId.Revision(id), (before?.Version ?? 0) + 1, put.Lease,
            IsDelete: false, before?.Id ?? 0, put.Value),
        _ => new(id, change.Key, 0, 0, 0, IsDelete: true, before?.Id ?? 0,
            ReadOnlyMemory<byte>.Empty),
    };

    private static HistoryRow? Known(ImmutableArray<Condition> conditions, HistoryRow?[] found, string key)
    {
        for (int i = 0; i < found.Length; i++)
        {
            if (conditions[i].Key == key)
            {
                return found[i];
            }
        }

        return null;
    }

    private void Insert(HistoryRow row) => _insert
        .Bind(1, row.Id).Bind(2, row.Key).Bind(3, row.CreateRevision).Bind(4, row.Version).Bind(5, row.Lease)
        .Bind(6, row.IsDelete ? 1 : 0).Bind(7, row.Previous).Bind(8, row.Value.Span).Run();

    private void CheckLeases(Transaction transaction)
    {
        foreach (Change change in transaction.Changes)
        {
            if (change is Change.Put { Lease: not 0 } put)
            {
                bool exists = _leaseExists.Bind(1, put.Lease).Step();
                _leaseExists.Reset();

                if (!exists)
                {
                    throw new LeaseNotFoundException(put.Lease);
                }
            }
        }
    }
}
