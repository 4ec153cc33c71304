namespace Noded.Store.Sqlite;

/// <summary>Gives out revisions, never one twice; belongs to the writer's thread.</summary>
internal sealed class RevisionCounter(RevisionReservation reservation, long current)
{
    private long _given = current;

    /// <summary>The newest revision whose change is on disk or in the transaction that is going on.</summary>
    public long Current { get; private set; } = current;

    /// <summary>A new revision for a change that is now made.</summary>
    public long Next()
    {
        reservation.Reserve(_given + 1);
        return Current = ++_given;
    }

    /// <summary>A number that no revision has; for something else that must be unique for ever.</summary>
    public long NextUnique()
    {
        reservation.Reserve(_given + 1);
        return ++_given;
    }

    /// <summary>Changes were not made after all; their revisions are not given out again.</summary>
    public void ReturnTo(long current) => Current = current;

    /// <summary>Says on disk that nothing more was given out.</summary>
    public void Close() => reservation.Release(_given);
}
