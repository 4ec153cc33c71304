using System.Collections.Immutable;

namespace Noded.ApiServer.Controllers;

/// <summary>An object as the garbage collector sees it.</summary>
internal sealed record OwnedObject(string Key, string Uid, ImmutableArray<string> Owners)
{
    /// <summary>Owners that wait for this object's end.</summary>
    public ImmutableArray<string> Blocks { get; init; } = [];

    public ImmutableArray<string> Finalizers { get; init; } = [];

    public bool IsBeingDeleted { get; init; }
}

/// <summary>What the collector does to one object.</summary>
internal abstract record CollectorAction(string Key)
{
    /// <summary>Deletes an object none of whose owners is there any more.</summary>
    internal sealed record Delete(string Key, string Uid) : CollectorAction(Key);

    /// <summary>Takes an owner off an object that shall outlive it.</summary>
    internal sealed record Orphan(string Key, string OwnerUid) : CollectorAction(Key);

    /// <summary>Lets an owner go.</summary>
    internal sealed record Release(string Key, string Finalizer) : CollectorAction(Key);
}

/// <summary>Who owns whom among all objects, and what follows from that.</summary>
internal sealed class OwnerGraph
{
    internal const string Foreground = "foregroundDeletion";
    internal const string OrphanDependents = "orphan";

    private readonly Dictionary<string, OwnedObject> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _keysByUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _dependents = new(StringComparer.Ordinal);

    /// <summary>Takes note of an object.</summary>
    /// <returns>The keys about which something may have to be done.</returns>
    public ImmutableArray<string> Set(OwnedObject item)
    {
        ImmutableArray<string> changed = _byKey.ContainsKey(item.Key) ? Remove(item.Key) : [];
        _byKey[item.Key] = item;
        Add(_keysByUid, item.Uid, item.Key);
        foreach (string owner in item.Owners)
        {
            Add(_dependents, owner, item.Key);
        }

        return [item.Key, .. item.Owners.SelectMany(owner => KeysOf(owner)), .. DependentsOf(item.Uid), .. changed];
    }

    /// <summary>Forgets an object that is gone.</summary>
    /// <returns>The keys about which something may have to be done.</returns>
    public ImmutableArray<string> Remove(string key)
    {
        if (!_byKey.Remove(key, out OwnedObject? item))
        {
            return [];
        }

        Drop(_keysByUid, item.Uid, key);
        foreach (string owner in item.Owners)
        {
            Drop(_dependents, owner, key);
        }

        return [.. DependentsOf(item.Uid), .. item.Owners.SelectMany(owner => KeysOf(owner))];
    }

    /// <summary>What is to be done on account of an object, without doing it.</summary>
    public IEnumerable<CollectorAction> Compute(string key)
    {
        if (!_byKey.TryGetValue(key, out OwnedObject? item))
        {
            yield break;
        }

        if (item.IsBeingDeleted && item.Finalizers.Contains(OrphanDependents))
        {
            foreach (string dependent in DependentsOf(item.Uid))
            {
                yield return new CollectorAction.Orphan(dependent, item.Uid);
            }

            if (DependentsOf(item.Uid).IsEmpty)
            {
                yield return new CollectorAction.Release(key, OrphanDependents);
            }
        }
        else if (item.IsBeingDeleted && item.Finalizers.Contains(Foreground))
        {
            OwnedObject[] dependents = [.. DependentsOf(item.Uid).Select(dependent => _byKey[dependent])];
            foreach (OwnedObject dependent in dependents.Where(dependent => !dependent.IsBeingDeleted && AllOwnersGo(dependent)))
            {
                yield return new CollectorAction.Delete(dependent.Key, dependent.Uid);
            }

            if (!dependents.Any(dependent => dependent.Blocks.Contains(item.Uid)))
            {
                yield return new CollectorAction.Release(key, Foreground);
            }
        }
        else if (!item.IsBeingDeleted && item.Owners.Length > 0 && !item.Owners.Any(owner => !KeysOf(owner).IsEmpty))
        {
            yield return new CollectorAction.Delete(key, item.Uid);
        }
    }

    private bool AllOwnersGo(OwnedObject item) => item.Owners.All(owner => KeysOf(owner)
        .All(key => _byKey[key] is { IsBeingDeleted: true } going && going.Finalizers.Contains(Foreground)));

    private ImmutableArray<string> KeysOf(string uid) => [.. _keysByUid.GetValueOrDefault(uid, [])];

    private ImmutableArray<string> DependentsOf(string uid) => [.. _dependents.GetValueOrDefault(uid, [])];

    private static void Add(Dictionary<string, HashSet<string>> index, string name, string key)
    {
        if (!index.TryGetValue(name, out HashSet<string>? keys))
        {
            keys = [];
            index[name] = keys;
        }

        keys.Add(key);
    }

    private static void Drop(Dictionary<string, HashSet<string>> index, string name, string key)
    {
        if (index.TryGetValue(name, out HashSet<string>? keys) && keys.Remove(key) && keys.Count == 0)
        {
            index.Remove(name);
        }
    }
}
