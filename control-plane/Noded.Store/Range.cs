using System.Collections.Immutable;

namespace Noded.Store;

/// <summary>What to read.</summary>
/// <param name="Start">The first key.</param>
/// <param name="End">The key before which to stop; null for <paramref name="Start"/> alone.</param>
public sealed record RangeRequest(string Start, string? End)
{
    /// <summary>The revision as of which to read, 0 for the newest.</summary>
    public long Revision { get; init; }

    /// <summary>How many keys to return at most, 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>Whether to count only.</summary>
    public bool CountOnly { get; init; }

    /// <summary>All keys that begin with a prefix.</summary>
    public static RangeRequest OfPrefix(string prefix) => new(prefix, KeyRange.EndOfPrefix(prefix));
}

/// <summary>What was read.</summary>
/// <param name="KeyValues">The keys in order, at most as many as the limit.</param>
/// <param name="Count">How many keys the range has, whatever the limit.</param>
/// <param name="Revision">The store's revision when it answered, also where an older one was read.</param>
public sealed record RangeResult(ImmutableArray<KeyValue> KeyValues, long Count, long Revision)
{
    /// <summary>Whether the range goes on after the last key here.</summary>
    public bool More => KeyValues.Length < Count;
}
