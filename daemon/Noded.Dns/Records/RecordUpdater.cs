using System.Collections.Immutable;
using System.Diagnostics;
using k8s.Models;
using Noded.Api.Services;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>Carries a source's news into the records, Service by Service. One caller.</summary>
internal sealed class RecordUpdater(ClusterRecords records)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    private readonly Dictionary<NamespacedName, V1Service> _services = [];
    private readonly Dictionary<NamespacedName, V1EndpointSlice> _slices = [];
    private readonly Dictionary<NamespacedName, ImmutableDictionary<NamespacedName, V1EndpointSlice>> _slicesOf = [];

    /// <returns>How many Services were looked at.</returns>
    public int Apply(ServiceSourceChange change)
    {
        HashSet<NamespacedName> changed = [];
        switch (change)
        {
            case ServiceSourceChange.Snapshot snapshot:
                Replace(snapshot, changed);
                break;
            case ServiceSourceChange.Service { Name: var name, Value: var service }:
                Set(name, service, changed);
                break;
            case ServiceSourceChange.Slice { Name: var name, Value: var slice }:
                Set(name, slice, changed);
                break;
            default:
                throw new UnreachableException($"Unhandled {change.GetType().Name}.");
        }

        foreach (NamespacedName name in changed)
        {
            records.Set(
                name,
                _services.GetValueOrDefault(name),
                _slicesOf.TryGetValue(name, out ImmutableDictionary<NamespacedName, V1EndpointSlice>? slices)
                    ? [.. slices.OrderBy(slice => slice.Key).Select(slice => slice.Value)]
                    : []);
        }

        // What is missing is missing only once all of the first snapshot is in.
        records.HasSynced |= change is ServiceSourceChange.Snapshot;
        return changed.Count;
    }

    private void Replace(ServiceSourceChange.Snapshot snapshot, HashSet<NamespacedName> changed)
    {
        Dictionary<NamespacedName, V1Service> services =
            snapshot.Services.ToDictionary(service => ServiceSourceChange.NameOf(service.Metadata));
        Dictionary<NamespacedName, V1EndpointSlice> slices =
            snapshot.Slices.ToDictionary(slice => ServiceSourceChange.NameOf(slice.Metadata));
        foreach (NamespacedName gone in _services.Keys.Except(services.Keys).ToArray())
        {
            Set(gone, (V1Service?)null, changed);
        }

        foreach (NamespacedName gone in _slices.Keys.Except(slices.Keys).ToArray())
        {
            Set(gone, (V1EndpointSlice?)null, changed);
        }

        foreach ((NamespacedName name, V1Service service) in services)
        {
            Set(name, service, changed);
        }

        foreach ((NamespacedName name, V1EndpointSlice slice) in slices)
        {
            Set(name, slice, changed);
        }
    }

    private void Set(NamespacedName name, V1Service? service, HashSet<NamespacedName> changed)
    {
        if (ReferenceEquals(_services.GetValueOrDefault(name), service))
        {
            return;
        }

        changed.Add(name);
        _ = service is null ? _services.Remove(name) : (_services[name] = service) is not null;
    }

    private void Set(NamespacedName name, V1EndpointSlice? slice, HashSet<NamespacedName> changed)
    {
        V1EndpointSlice? before = _slices.GetValueOrDefault(name);
        if (ReferenceEquals(before, slice))
        {
            return;
        }

        if (before is not null && ServiceOf(before) is { } left)
        {
            ImmutableDictionary<NamespacedName, V1EndpointSlice> rest = _slicesOf[left].Remove(name);
            _ = rest.IsEmpty ? _slicesOf.Remove(left) : (_slicesOf[left] = rest) is not null;
            changed.Add(left);
        }

        _ = slice is null ? _slices.Remove(name) : (_slices[name] = slice) is not null;
        if (slice is not null && ServiceOf(slice) is { } joined)
        {
            _slicesOf[joined] = _slicesOf
                .GetValueOrDefault(joined, ImmutableDictionary<NamespacedName, V1EndpointSlice>.Empty).SetItem(name, slice);
            changed.Add(joined);
        }
    }

    private static NamespacedName? ServiceOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out string? service)
            ? new NamespacedName(slice.Metadata.NamespaceProperty ?? "default", service)
            : null;
}
