using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using k8s.Models;
using Noded.Dns.Wire;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>
/// What the cluster's zones hold now. One writer sets Services, one at a time; any thread looks up, without a lock and
/// without allocating. A Service's names are replaced together.
/// </summary>
internal sealed class ClusterRecords
{
    // Every cluster has them, also while they hold no Service.
    private static readonly string[] SystemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    private readonly ClusterZone _zone;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<byte[], ServiceEntry> _services = new(WireNameComparer.Instance);
    private readonly ConcurrentDictionary<byte[], int> _namespaces = new(WireNameComparer.Instance);
    private readonly ConcurrentDictionary<UInt128, ImmutableArray<(NamespacedName Service, ReverseName Name)>> _reverse = [];
    private readonly ConcurrentDictionary<byte[], ServiceEntry>.AlternateLookup<ReadOnlySpan<byte>> _servicesByLabels;
    private readonly ConcurrentDictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _namespacesByLabel;

    // The writer's alone.
    private readonly Dictionary<NamespacedName, ImmutableArray<ReverseName>> _reverseOf = [];
    private volatile bool _hasSynced;
    private uint _serial;

    public ClusterRecords(ClusterZone zone, TimeProvider clock)
    {
        _zone = zone;
        _clock = clock;
        _servicesByLabels = _services.GetAlternateLookup<ReadOnlySpan<byte>>();
        _namespacesByLabel = _namespaces.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (string ns in SystemNamespaces)
        {
            AddNamespace(ns);
        }
    }

    /// <summary>Whether all Services are known: what is missing before that may exist.</summary>
    public bool HasSynced
    {
        get => _hasSynced;
        set => _hasSynced = value;
    }

    /// <summary>The zones' serial number: seconds of the last change.</summary>
    public uint Serial => Volatile.Read(ref _serial);

    /// <summary>Null when there is no such name.</summary>
    /// <param name="service">Two labels in lower case: the Service's and its namespace's.</param>
    /// <param name="prefix">The labels before them.</param>
    public NameRecords? Find(ReadOnlySpan<byte> service, ReadOnlySpan<byte> prefix) =>
        _servicesByLabels.TryGetValue(service, out ServiceEntry? entry) ? entry.Find(prefix) : null;

    /// <param name="label">In lower case, with its length.</param>
    public bool HasNamespace(ReadOnlySpan<byte> label) => _namespacesByLabel.TryGetValue(label, out _);

    /// <summary>What an address is called: the Service's name, otherwise those of its endpoints; empty when nobody has it.</summary>
    public ImmutableArray<string> NamesOf(UInt128 address)
    {
        if (!_reverse.TryGetValue(address, out ImmutableArray<(NamespacedName, ReverseName Name)> names))
        {
            return [];
        }

        return names.Select(entry => entry.Name).FirstOrDefault(name => name.IsService) is { Name: { } service }
            ? [service]
            : [.. names.Select(entry => entry.Name.Name).Distinct()];
    }

    /// <summary>A Service is so now; null when it is gone. Only the writer calls it.</summary>
    /// <param name="slices">All that belong to it.</param>
    public void Set(NamespacedName name, V1Service? service, ImmutableArray<V1EndpointSlice> slices)
    {
        byte[] key = [.. LabelOf(name.Name), .. LabelOf(name.Namespace)];
        bool isKnown = _services.ContainsKey(key);
        SetReverse(name, service is null ? [] : [.. ServiceRecords.Reverse(service, slices, _zone)]);
        if (service is not null && !isKnown)
        {
            AddNamespace(name.Namespace);
        }
        else if (service is null && isKnown)
        {
            RemoveNamespace(name.Namespace);
        }

        Volatile.Write(ref _serial, (uint)_clock.GetUtcNow().ToUnixTimeSeconds());

        // Last: who sees the Service as it is now, sees everything else so, too.
        if (service is not null)
        {
            _services[key] = new ServiceEntry(service, slices, _zone);
        }
        else
        {
            _services.TryRemove(key, out _);
        }
    }

    private static byte[] LabelOf(string text)
    {
        byte[] label = Encoding.UTF8.GetBytes(text.ToLowerInvariant());
        return [(byte)label.Length, .. label];
    }

    private void AddNamespace(string ns) => _namespaces.AddOrUpdate(LabelOf(ns), 1, (_, count) => count + 1);

    private void RemoveNamespace(string ns)
    {
        byte[] label = LabelOf(ns);
        int left = _namespaces.AddOrUpdate(label, 0, (_, count) => count - 1);
        if (left <= 0)
        {
            _namespaces.TryRemove(label, out _);
        }
    }

    private void SetReverse(NamespacedName service, ImmutableArray<ReverseName> names)
    {
        ImmutableArray<ReverseName> before = _reverseOf.GetValueOrDefault(service, []);
        if (before.SequenceEqual(names))
        {
            return;
        }

        _reverseOf[service] = names;
        if (names.IsEmpty)
        {
            _reverseOf.Remove(service);
        }

        foreach (UInt128 address in before.Concat(names).Select(name => AddressKey.Of(name.Address)).Distinct())
        {
            ImmutableArray<(NamespacedName, ReverseName)> now =
            [
                .. _reverse.GetValueOrDefault(address, []).Where(entry => entry.Service != service),
                .. names.Where(name => AddressKey.Of(name.Address) == address).Select(name => (service, name)),
            ];
            if (now.IsEmpty)
            {
                _reverse.TryRemove(address, out _);
            }
            else
            {
                _reverse[address] = now;
            }
        }
    }
}
