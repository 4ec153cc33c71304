using System.Collections.Immutable;

namespace Noded.Store.Tests.Conformance;

/// <summary>The store as simple as it can be: every state it ever had. Real stores are compared with it.</summary>
internal sealed class ModelStore
{
    private readonly SortedDictionary<long, ImmutableDictionary<string, KeyValue>> _states = new()
    {
        [0] = ImmutableDictionary<string, KeyValue>.Empty,
    };

    private readonly List<WatchEvent> _events = [];

    public IReadOnlyList<WatchEvent> Events => _events;

    /// <summary>The revisions at which something changed.</summary>
    public IEnumerable<long> Revisions => _states.Keys.Skip(1);

    private ImmutableDictionary<string, KeyValue> Current => _states[_states.Keys.Max()];

    /// <summary>What a transaction that the store gave a revision must have answered; makes its changes.</summary>
    public (bool Succeeded, string[] Found, bool Changed) Commit(Transaction transaction, long revision)
    {
        ImmutableDictionary<string, KeyValue> before = Current;

        if (!transaction.Conditions.All(
            condition => (before.GetValueOrDefault(condition.Key)?.ModRevision ?? 0) == condition.ModRevision))
        {
            return (false, [.. transaction.Conditions.Select(condition => condition.Key).Where(before.ContainsKey)], false);
        }

        ImmutableDictionary<string, KeyValue> after = before;
        foreach (Change change in transaction.Changes)
        {
            KeyValue? previous = before.GetValueOrDefault(change.Key);

            if (change is Change.Put put)
            {
                KeyValue pair = new(
                    put.Key, put.Value, previous?.CreateRevision ?? revision, revision, (previous?.Version ?? 0) + 1, 0);
                after = after.SetItem(put.Key, pair);
                _events.Add(new(pair, IsDelete: false, previous));
            }
            else if (previous is not null)
            {
                after = after.Remove(change.Key);
                _events.Add(new(new(change.Key, default, 0, revision, 0, 0), IsDelete: true, previous));
            }
        }

        bool changed = !ReferenceEquals(before, after);
        if (changed)
        {
            _states.Add(revision, after);
        }

        return (true, [], changed);
    }

    public ImmutableArray<KeyValue> Range(string start, string? end, long revision) =>
    [
        .. _states[_states.Keys.Last(known => known <= revision)].Values
            .Where(pair => KeyRange.Contains(start, end, pair.Key))
            .OrderBy(pair => pair.Key, Comparer<string>.Create(KeyRange.Compare)),
    ];
}
