namespace Noded.Store.Sqlite;

/// <summary>The arithmetic of the history's row numbers: the revision, then the place within its transaction.</summary>
/// <remarks>So the table grows at its end, and what a revision changed lies together.</remarks>
internal static class RowId
{
    /// <summary>How many changes one revision can have.</summary>
    public const int MaxChanges = 1 << Bits;

    private const int Bits = 16;

    public static long Of(long revision, int place) => (revision << Bits) | (long)place;

    /// <summary>The first row number of a revision.</summary>
    public static long First(long revision) => revision << Bits;

    /// <summary>The first row number after those of a revision.</summary>
    public static long After(long revision) => (revision + 1) << Bits;

    public static long Revision(long id) => id >> Bits;
}
