using System.Collections.Immutable;

namespace Noded.Store;

/// <summary>Changes that are made together if every condition holds.</summary>
/// <param name="Conditions">What must be so.</param>
/// <param name="Changes">What to do then; no key twice.</param>
/// <exception cref="ArgumentException">
/// There are no changes, more than <see cref="MaxLength"/> conditions or changes, or two changes of one key.
/// </exception>
public sealed record Transaction(ImmutableArray<Condition> Conditions, ImmutableArray<Change> Changes)
{
    /// <summary>How many conditions, and how many changes, a transaction has at most.</summary>
    public const int MaxLength = 128;

    /// <summary>What must be so.</summary>
    public ImmutableArray<Condition> Conditions { get; } = Conditions.Length <= MaxLength
        ? Conditions
        : throw new ArgumentException($"A transaction has at most {MaxLength} conditions.", nameof(Conditions));

    /// <summary>What to do then; no key twice.</summary>
    public ImmutableArray<Change> Changes { get; } = Checked(Changes);

    /// <summary>How many bytes keys and values have, about.</summary>
    internal long Size
    {
        get
        {
            long size = 0;
            foreach (Change change in Changes)
            {
                size += change.Key.Length + (change is Change.Put put ? put.Value.Length : 0);
            }

            return size;
        }
    }

    /// <summary>Makes a key that must not exist.</summary>
    public static Transaction Create(string key, ReadOnlyMemory<byte> value) =>
        new([new(key, 0)], [new Change.Put(key, value)]);

    /// <summary>Changes a key that must be as it was at <paramref name="modRevision"/>.</summary>
    public static Transaction Update(string key, long modRevision, ReadOnlyMemory<byte> value) =>
        new([new(key, modRevision)], [new Change.Put(key, value)]);

    /// <summary>Deletes a key that must be as it was at <paramref name="modRevision"/>.</summary>
    public static Transaction Delete(string key, long modRevision) =>
        new([new(key, modRevision)], [new Change.Delete(key)]);

    private static ImmutableArray<Change> Checked(ImmutableArray<Change> changes)
    {
        if (changes.Length is 0 or > MaxLength)
        {
            throw new ArgumentException($"A transaction has from 1 to {MaxLength} changes.", nameof(changes));
        }

        if (changes.Length > 1 && changes.DistinctBy(change => change.Key).Count() < changes.Length)
        {
            throw new ArgumentException("A transaction changes a key once.", nameof(changes));
        }

        return changes;
    }
}

/// <summary>That a key was changed last at a revision.</summary>
/// <param name="Key">The key.</param>
/// <param name="ModRevision">The revision, 0 for a key that does not exist.</param>
public sealed record Condition(string Key, long ModRevision);

/// <summary>One change of a transaction.</summary>
public abstract record Change(string Key)
{
    /// <summary>Sets a key's value.</summary>
    public sealed record Put(string Key, ReadOnlyMemory<byte> Value, long Lease = 0) : Change(Key);

    /// <summary>Removes a key; one that is not there is no error.</summary>
    public sealed record Delete(string Key) : Change(Key);
}

/// <summary>How a transaction ended.</summary>
/// <param name="Succeeded">Whether the conditions held and the changes were made.</param>
/// <param name="Revision">The revision of the changes, or the store's if nothing was changed.</param>
/// <param name="Found">If not: what the keys of the conditions hold, without those that do not exist.</param>
public sealed record TransactionResult(bool Succeeded, long Revision, ImmutableArray<KeyValue> Found);
