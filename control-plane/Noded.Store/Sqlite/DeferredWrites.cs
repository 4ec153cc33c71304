using System.Collections.Immutable;

namespace Noded.Store.Sqlite;

/// <summary>Rows that are acknowledged, but not on disk yet.</summary>
/// <param name="Rows">By key. Each replaces a row that is on disk, which its <c>Previous</c> says.</param>
/// <param name="Writes">How often rows have gone from here to the disk.</param>
internal sealed record DeferredRows(ImmutableDictionary<string, HistoryRow> Rows, long Writes)
{
    public static DeferredRows None { get; } = new(ImmutableDictionary.Create<string, HistoryRow>(StringComparer.Ordinal), 0);

    /// <summary>Whether a range, as of a revision, has one of these rows.</summary>
    public bool Touches(string start, string? end, long revision)
    {
        foreach ((string key, HistoryRow row) in Rows)
        {
            if (RowId.Revision(row.Id) <= revision && KeyRange.Contains(start, end, key))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Decides which changes need not go to disk at once, and keeps them; belongs to the writer's thread.</summary>
/// <param name="mayDefer">Whether a change from one value to another may be lost; null for never.</param>
internal sealed class DeferredWrites(Func<string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, bool>? mayDefer)
{
    private DeferredRows _before = DeferredRows.None;

    public DeferredRows Current { get; private set; } = DeferredRows.None;

    public void Begin() => _before = Current;

    /// <summary>Makes everything as it was at <see cref="Begin"/>.</summary>
    public void TakeBack() => Current = _before;

    /// <summary>Whether a transaction does nothing but change a value in a way that may be lost.</summary>
    public bool Accepts(Transaction transaction, HistoryRow? before) =>
        mayDefer is not null
        && before is { IsDelete: false, Lease: 0 }
        && transaction.Changes is [Change.Put { Lease: 0 } put]
        && put.Key == before.Key
        && transaction.Conditions is [] or [_]
        && mayDefer(put.Key, before.Value, put.Value);

    public HistoryRow? Find(string key) => Current.Rows.GetValueOrDefault(key);

    public void Add(HistoryRow row) => Current = Current with { Rows = Current.Rows.SetItem(row.Key, row) };

    /// <summary>Says that a row has gone to disk.</summary>
    public void Remove(string key) => Current = new(Current.Rows.Remove(key), Current.Writes + 1);
}
