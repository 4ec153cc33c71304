using Noded.Bpf.Interop;
using Noded.Linux;

namespace Noded.Bpf;

/// <summary>A map with typed keys and values. Padding is part of a key: keep it zero.</summary>
public sealed unsafe class BpfMap<TKey, TValue> : IDisposable
    where TKey : unmanaged
    where TValue : unmanaged
{
    private const int E2BIG = 7;
    private readonly BpfMapHandle _map;

    /// <summary>Takes ownership of a map after checking that it is the one we think it is.</summary>
    /// <exception cref="InvalidOperationException">Its keys or values have other sizes.</exception>
    public BpfMap(BpfMapHandle map)
    {
        map.RequireSizes(sizeof(TKey), sizeof(TValue), $"{typeof(TKey).Name}→{typeof(TValue).Name}");
        _map = map;
    }

    public string Name => _map.Name;

    public uint MaxEntries => _map.MaxEntries;

    public bool TryGet(in TKey key, out TValue value)
    {
        value = default;
        fixed (TKey* keyStart = &key)
        fixed (TValue* valueStart = &value)
        {
            int result = LibBpf.bpf_map_lookup_elem(_map.Fd, keyStart, valueStart);
            return result != -Errno.ENOENT && BpfException.Check(result, $"look up in map {Name}") == 0;
        }
    }

    /// <exception cref="BpfMapFullException">The map has no room for another key.</exception>
    public void Set(in TKey key, in TValue value)
    {
        fixed (TKey* keyStart = &key)
        fixed (TValue* valueStart = &value)
        {
            int result = LibBpf.bpf_map_update_elem(_map.Fd, keyStart, valueStart, 0);
            if (result is -E2BIG or -Errno.ENOSPC)
            {
                throw new BpfMapFullException(Name, MaxEntries);
            }

            BpfException.Check(result, $"write to map {Name}");
        }
    }

    /// <summary>Removes a key; false when it was not there.</summary>
    public bool Remove(in TKey key)
    {
        fixed (TKey* keyStart = &key)
        {
            int result = LibBpf.bpf_map_delete_elem(_map.Fd, keyStart);
            return result != -Errno.ENOENT && BpfException.Check(result, $"remove from map {Name}") == 0;
        }
    }

    /// <summary>All keys; consistent only while nobody else writes.</summary>
    public IReadOnlyList<TKey> Keys()
    {
        List<TKey> keys = [];
        TKey key = default;
        TKey next = default;
        int result = LibBpf.bpf_map_get_next_key(_map.Fd, null, &next);
        while (result == 0)
        {
            keys.Add(next);
            key = next;
            result = LibBpf.bpf_map_get_next_key(_map.Fd, &key, &next);
        }

        return result == -Errno.ENOENT ? keys : throw new BpfException($"list map {Name}", -result, LibBpfLog.Take());
    }

    public void Dispose() => _map.Dispose();
}
