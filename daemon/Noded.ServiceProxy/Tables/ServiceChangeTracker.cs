using System.Collections.Immutable;
using k8s.Models;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>
/// The Services and EndpointSlices as last seen, and which Services have to be looked at again. Not thread-safe: it
/// belongs to the loop that reads the sources.
/// </summary>
internal sealed class ServiceChangeTracker(NodeTopology node)
{
    private readonly Dictionary<NamespacedName, V1Service> _services = [];
    private readonly Dictionary<NamespacedName, V1EndpointSlice> _slices = [];
    private readonly Dictionary<NamespacedName, HashSet<NamespacedName>> _slicesOf = [];
    private readonly HashSet<NamespacedName> _changed = [];

    public int Services => _services.Count;

    public void Set(NamespacedName name, V1Service? service)
    {
        _changed.Add(name);
        if (service is null)
        {
            _services.Remove(name);
        }
        else
        {
            _services[name] = service;
        }
    }

    public void Set(NamespacedName name, V1EndpointSlice? slice)
    {
        // The label may have moved it from one Service to another: both changed.
        if (_slices.Remove(name, out V1EndpointSlice? before) && EndpointReader.ServiceOf(before) is { } old)
        {
            _slicesOf[old].Remove(name);
            _changed.Add(old);
        }

        if (slice is not null && EndpointReader.ServiceOf(slice) is { } service)
        {
            _slices[name] = slice;
            _slicesOf.TryAdd(service, []);
            _slicesOf[service].Add(name);
            _changed.Add(service);
        }
    }

    /// <summary>Has everything looked at again.</summary>
    public void MarkAll() => _changed.UnionWith(_services.Keys);

    /// <summary>The Services that changed since the last call.</summary>
    public ImmutableArray<NamespacedName> TakeChanged()
    {
        ImmutableArray<NamespacedName> changed = [.. _changed.Order()];
        _changed.Clear();
        return changed;
    }

    /// <summary>What the data path has to know of a Service; nothing when it is gone, headless or somebody else's.</summary>
    public ImmutableArray<ServicePlan> Compute(NamespacedName name)
    {
        if (!_services.TryGetValue(name, out V1Service? service))
        {
            return [];
        }

        V1EndpointSlice[] slices =
            _slicesOf.TryGetValue(name, out HashSet<NamespacedName>? names) ? [.. names.Select(slice => _slices[slice])] : [];
        return
        [
            .. ServiceReader.Read(service).Select(
                port => ServicePlan.Compute(port, EndpointReader.Read(slices, port.Name), node)),
        ];
    }
}
