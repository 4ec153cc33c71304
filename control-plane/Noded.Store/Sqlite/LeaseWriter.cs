using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>The table of leases, in the SQLite transaction that is going on.</summary>
/// <remarks>
/// The table has the time of day at which a lease ends, for the next process; within this one, a clock counts that
/// nobody sets.
/// </remarks>
internal sealed class LeaseWriter(
    SqliteConnection connection, TransactionWriter transactions, RevisionCounter revisions, TimeProvider clock)
    : IDisposable
{
    private readonly SqliteStatement _insert = connection.Prepare(
        "INSERT INTO leases (id, lifetime, expires) VALUES (?1, ?2, ?3)");

    private readonly SqliteStatement _prolong = connection.Prepare("UPDATE leases SET expires = ?2 WHERE id = ?1");
    private readonly SqliteStatement _delete = connection.Prepare("DELETE FROM leases WHERE id = ?1");

    private readonly SqliteStatement _keys = connection.Prepare(
        "SELECT DISTINCT key FROM history INDEXED BY history_by_lease WHERE lease = ?1 AND lease != 0");

    /// <returns>The new lease's id.</returns>
    public long Grant(TimeSpan lifetime)
    {
        long lease = revisions.NextUnique();
        _insert.Bind(1, lease).Bind(2, (long)lifetime.TotalMilliseconds).Bind(3, EndsAt(lifetime)).Run();
        return lease;
    }

    public void Prolong(long lease, TimeSpan lifetime) => _prolong.Bind(1, lease).Bind(2, EndsAt(lifetime)).Run();

    /// <summary>Removes a lease and the keys that still have it.</summary>
    public void Revoke(long lease)
    {
        List<Change> deletions = [.. Keys(lease)
            .Where(key => transactions.Latest(key) is { IsDelete: false } row && row.Lease == lease)
            .Select(key => new Change.Delete(key))];

        foreach (Change[] part in deletions.Chunk(RowId.MaxChanges))
        {
            transactions.Apply([.. part]);
        }

        _delete.Bind(1, lease).Run();
    }

    /// <summary>All leases with their lifetimes and what is left of them.</summary>
    public ImmutableArray<(long Lease, TimeSpan Lifetime, TimeSpan Remaining)> All()
    {
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        ImmutableArray<(long, TimeSpan, TimeSpan)>.Builder all =
            ImmutableArray.CreateBuilder<(long, TimeSpan, TimeSpan)>();
        using SqliteStatement query = connection.Prepare("SELECT id, lifetime, expires FROM leases");

        while (query.Step())
        {
            // A time of day that was set back must not make a lease live longer than it may.
            long lifetime = query.Int64(1);
            long remaining = Math.Clamp(query.Int64(2) - now, 0, lifetime);
            all.Add((query.Int64(0), TimeSpan.FromMilliseconds(lifetime), TimeSpan.FromMilliseconds(remaining)));
        }

        return all.DrainToImmutable();
    }

    public void Dispose()
    {
        _insert.Dispose();
        _prolong.Dispose();
        _delete.Dispose();
        _keys.Dispose();
    }

    private List<string> Keys(long lease)
    {
        List<string> keys = [];
        _keys.Bind(1, lease);
        try
        {
            while (_keys.Step())
            {
                keys.Add(_keys.Text(0));
            }
        }
        finally
        {
            _keys.Reset();
        }

        return keys;
    }

    private long EndsAt(TimeSpan lifetime) => (clock.GetUtcNow() + lifetime).ToUnixTimeMilliseconds();
}
