namespace Noded.Store.Sqlite;

/// <summary>
/// Removes the rows that a compaction has made needless, a part at a time between the commits of others, and gives
/// the pages that become free back to the file system.
/// </summary>
internal sealed class Compaction : IDisposable
{
    private const int RowsAtATime = 500;
    private const int PagesAtATime = 256;

    // Free pages are used again, so a few are no waste.
    private const long PagesKept = 1024;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _set;
    private readonly SqliteStatement _end;
    private readonly SqliteStatement _removeReplaced;
    private readonly SqliteStatement _removeDeletions;
    private bool _mayFreePages;

    public Compaction(SqliteConnection connection)
    {
        _connection = connection;
        Compacted = connection.ReadInt64("SELECT value FROM settings WHERE name = 'compacted'");
        Scrubbed = connection.ReadInt64("SELECT value FROM settings WHERE name = 'scrubbed'");
        _set = connection.Prepare("UPDATE settings SET value = ?2 WHERE name = ?1");
        _end = connection.Prepare("SELECT id FROM history WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1 OFFSET ?3");
        _removeReplaced = connection.Prepare(
            "DELETE FROM history WHERE id IN (SELECT previous FROM history WHERE id >= ?1 AND id < ?2 AND previous != 0)");
        _removeDeletions = connection.Prepare(
            "DELETE FROM history WHERE id >= ?1 AND id < ?2 AND deleted != 0");
    }

    /// <summary>The oldest revision that can be read.</summary>
    public long Compacted { get; private set; }

    /// <summary>Whether there is something left to remove.</summary>
    public bool HasWork => Scrubbed < Compacted || _mayFreePages;

    private long Scrubbed { get; set; }

    /// <summary>Says that nothing before a revision can be read any more; the rows go later.</summary>
    public void Begin(long revision)
    {
        _set.Bind(1, "compacted").Bind(2, revision).Run();
        Compacted = revision;
    }

    /// <summary>Removes some rows, or frees some pages if there are none to remove.</summary>
    public void Continue()
    {
        if (Scrubbed >= Compacted)
        {
            FreePages();
            return;
        }

        // What a row of a revision up to the compaction's replaced is needless. So is a deletion before that revision;
        // that of the revision itself stays for the watches that begin with it, and goes the next time.
        long from = RowId.First(Scrubbed);
        long end = RowId.First(Compacted);
        _end.Bind(1, from).Bind(2, end).Bind(3, RowsAtATime);
        bool isPart = _end.Step();
        long revision = isPart ? RowId.Revision(_end.Int64(0)) : Compacted;
        _end.Reset();
        revision = revision == Scrubbed ? revision + 1 : revision;

        _removeReplaced.Bind(1, from).Bind(2, RowId.After(revision)).Run();
        _removeDeletions.Bind(1, from).Bind(2, RowId.First(revision)).Run();
        _set.Bind(1, "scrubbed").Bind(2, revision).Run();
        Scrubbed = revision;
        _mayFreePages = Scrubbed >= Compacted;
    }

    public void Dispose()
    {
        _set.Dispose();
        _end.Dispose();
        _removeReplaced.Dispose();
        _removeDeletions.Dispose();
    }

    private void FreePages()
    {
        _mayFreePages = _connection.ReadInt64("PRAGMA freelist_count") > PagesKept;

        if (_mayFreePages)
        {
            _connection.Execute($"PRAGMA incremental_vacuum({PagesAtATime})");
        }
    }
}
