using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>Revisions that were reserved when a process died: whoever has seen one saw what the disk has lost.</summary>
/// <remarks>To readers they are as compacted, so that they begin anew with what is there.</remarks>
internal sealed record RevisionGap(long First, long Last)
{
    public bool Contains(long revision) => First <= revision && revision <= Last;

    /// <summary>Remembers the gap between what the history has and what was given out, if there is one.</summary>
    /// <returns>The store's revision, which is not before any that was given out, and the gaps there are.</returns>
    public static (long Revision, ImmutableArray<RevisionGap> Gaps) Close(
        SqliteConnection connection, RevisionReservation reservation)
    {
        long newest = RowId.Revision(connection.ReadInt64("SELECT MAX(id) FROM history"));
        long known = Math.Max(newest, connection.ReadInt64("SELECT MAX(last) + 1 FROM gaps"));

        if (reservation.IsExact || reservation.Bound <= known)
        {
            // A store that never changed has revision 1, as etcd has: 0 asks for the newest.
            return (Math.Max(Math.Max(known, reservation.Bound), 1), All(connection));
        }

        using (SqliteStatement insert = connection.Prepare("INSERT INTO gaps (first, last) VALUES (?1, ?2)"))
        {
            insert.Bind(1, known + 1).Bind(2, reservation.Bound).Run();
        }

        connection.Execute(
            "DELETE FROM gaps WHERE last < (SELECT value FROM settings WHERE name = 'compacted')");
        return (reservation.Bound + 1, All(connection));
    }

    private static ImmutableArray<RevisionGap> All(SqliteConnection connection)
    {
        ImmutableArray<RevisionGap>.Builder all = ImmutableArray.CreateBuilder<RevisionGap>();
        using SqliteStatement query = connection.Prepare("SELECT first, last FROM gaps");

        while (query.Step())
        {
            all.Add(new(query.Int64(0), query.Int64(1)));
        }

        return all.DrainToImmutable();
    }
}
