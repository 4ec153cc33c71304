namespace Noded.Store.Sqlite;

/// <summary>The writer's connection, and all that can be done in a transaction of it; one thread's.</summary>
/// <remarks>After an error it is thrown away: a new one knows what is on disk and nothing else.</remarks>
internal sealed class WriteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly RevisionCounter _revisions;
    private readonly TransactionWriter _transactions;
    private readonly LeaseWriter _leases;
    private readonly LeaseDeadlines _deadlines;
    private readonly DeferredWrites _deferred;
    private long _revisionBefore;

    public WriteSession(
        string path, RevisionCounter revisions, LeaseDeadlines deadlines, DeferredWrites deferred, TimeProvider clock)
    {
        _connection = Schema.OpenForWriting(path);
        _begin = _connection.Prepare("BEGIN IMMEDIATE");
        _commit = _connection.Prepare("COMMIT");
        _revisions = revisions;
        _deadlines = deadlines;
        _deferred = deferred;
        _transactions = new(_connection, revisions, deferred);
        _leases = new(_connection, _transactions, revisions, clock);
        Compaction = new(_connection);
    }

    public Compaction Compaction { get; }

    /// <summary>What the transaction has changed so far, a batch per revision.</summary>
    public IReadOnlyList<WatchBatch> Changes => _transactions.Changes;

    public long Revision => _revisions.Current;

    /// <summary>What is acknowledged, but not on disk.</summary>
    public DeferredRows Deferred => _deferred.Current;

    public void Begin()
    {
        _transactions.Forget();
        _deferred.Begin();
        _revisionBefore = _revisions.Current;
        _begin.Run();
    }

    public void Commit() => _commit.Run();

    /// <summary>Takes everything back since <see cref="Begin"/>; the session cannot be used afterwards.</summary>
    public void Abandon()
    {
        _revisions.ReturnTo(_revisionBefore);
        _deferred.TakeBack();
        Dispose();
    }

    /// <summary>Brings the log into the database file and empties it.</summary>
    public void Checkpoint() => _connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");

    /// <summary>Writes what was deferred.</summary>
    public int Flush() => _transactions.Flush();

    public TransactionResult Commit(Transaction transaction) => _transactions.Commit(transaction);

    /// <exception cref="CompactedException">That was forgotten before.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    public bool Compact(long revision)
    {
        if (revision <= Compaction.Compacted)
        {
            throw new CompactedException(Compaction.Compacted);
        }

        if (revision > _revisions.Current)
        {
            throw new FutureRevisionException(revision);
        }

        // What is compacted is looked at row by row, so all rows have to be there.
        Flush();
        Compaction.Begin(revision);
        return true;
    }

    public long GrantLease(TimeSpan lifetime)
    {
        long lease = _leases.Grant(lifetime);
        _deadlines.Set(lease, lifetime, lifetime);
        return lease;
    }

    public bool KeepLeaseAlive(long lease)
    {
        if (!_deadlines.TryGetLifetime(lease, out TimeSpan lifetime))
        {
            return false;
        }

        _leases.Prolong(lease, lifetime);
        _deadlines.Set(lease, lifetime, lifetime);
        return true;
    }

    public bool RevokeLease(long lease)
    {
        if (!_deadlines.TryGetLifetime(lease, out _))
        {
            return false;
        }

        _leases.Revoke(lease);
        _deadlines.Remove(lease);
        return true;
    }

    public int RevokeDueLeases()
    {
        IReadOnlyList<long> due = _deadlines.Due();
        foreach (long lease in due)
        {
            RevokeLease(lease);
        }

        return due.Count;
    }

    /// <summary>Makes the deadlines those of the leases on disk.</summary>
    /// <param name="least">How long each has at least.</param>
    public void LoadLeases(TimeSpan least)
    {
        _deadlines.Clear();
        foreach ((long lease, TimeSpan lifetime, TimeSpan remaining) in _leases.All())
        {
            _deadlines.Set(lease, lifetime, remaining > least ? remaining : least);
        }
    }

    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _transactions.Dispose();
        _leases.Dispose();
        Compaction.Dispose();
        _connection.Dispose();
    }
}
