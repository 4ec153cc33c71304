using k8s.Models;
using Noded.Api.Services;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Reconciler;

/// <summary>What one source has reported, so that a snapshot of it can take back what it does not hold any more.</summary>
internal sealed class SourceState(ServiceChangeTracker tracker)
{
    private readonly HashSet<NamespacedName> _services = [];
    private readonly HashSet<NamespacedName> _slices = [];

    public bool HasSynced { get; private set; }

    public void Apply(ServiceSourceChange change)
    {
        switch (change)
        {
            case ServiceSourceChange.Snapshot snapshot:
                Replace(snapshot);
                HasSynced = true;
                break;
            case ServiceSourceChange.Service { Name: var name, Value: var service }:
                Set(name, service);
                break;
            case ServiceSourceChange.Slice { Name: var name, Value: var slice }:
                Set(name, slice);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"Unhandled {change.GetType().Name}.");
        }
    }

    private void Replace(ServiceSourceChange.Snapshot snapshot)
    {
        Dictionary<NamespacedName, V1Service> services =
            snapshot.Services.ToDictionary(service => ServiceSourceChange.NameOf(service.Metadata));
        Dictionary<NamespacedName, V1EndpointSlice> slices =
            snapshot.Slices.ToDictionary(slice => ServiceSourceChange.NameOf(slice.Metadata));
        foreach (NamespacedName gone in _services.Except(services.Keys).ToArray())
        {
            Set(gone, (V1Service?)null);
        }

        foreach (NamespacedName gone in _slices.Except(slices.Keys).ToArray())
        {
            Set(gone, (V1EndpointSlice?)null);
        }

        foreach ((NamespacedName name, V1Service service) in services)
        {
            Set(name, service);
        }

        foreach ((NamespacedName name, V1EndpointSlice slice) in slices)
        {
            Set(name, slice);
        }
    }

    private void Set(NamespacedName name, V1Service? service)
    {
        _ = service is null ? _services.Remove(name) : _services.Add(name);
        tracker.Set(name, service);
    }

    private void Set(NamespacedName name, V1EndpointSlice? slice)
    {
        _ = slice is null ? _slices.Remove(name) : _slices.Add(name);
        tracker.Set(name, slice);
    }
}
