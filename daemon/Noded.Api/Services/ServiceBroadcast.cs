using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using k8s.Models;
using Noded.Primitives;

namespace Noded.Api.Services;

/// <summary>
/// One reading of a source for everybody who follows it. Each follower begins with a snapshot of what is known and gets
/// what comes later; a slow one holds up nobody and finds the newest of each object.
/// </summary>
public sealed class ServiceBroadcast(IServiceSource source) : IServiceSource
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamespacedName, V1Service> _services = [];
    private readonly Dictionary<NamespacedName, V1EndpointSlice> _slices = [];
    private readonly List<ServiceBacklog> _followers = [];
    private bool _hasSynced;

    public string Name => source.Name;

    /// <summary>Reads the source; may be run again after it has failed, and followers stay.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (ServiceSourceChange change in source.WatchAsync(cancellationToken))
        {
            lock (_lock)
            {
                Apply(change);
                _followers.ForEach(follower => follower.Add(change));
            }
        }
    }

    public async IAsyncEnumerable<ServiceSourceChange> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ServiceBacklog backlog = Join();
        try
        {
            while (true)
            {
                await backlog.WaitAsync(cancellationToken);
                foreach (ServiceSourceChange change in Take(backlog))
                {
                    yield return change;
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _followers.Remove(backlog);
            }
        }
    }

    private ServiceBacklog Join()
    {
        ServiceBacklog backlog = new();
        lock (_lock)
        {
            if (_hasSynced)
            {
                backlog.Add(new ServiceSourceChange.Snapshot([.. _services.Values], [.. _slices.Values]));
            }

            _followers.Add(backlog);
        }

        return backlog;
    }

    private ImmutableArray<ServiceSourceChange> Take(ServiceBacklog backlog)
    {
        lock (_lock)
        {
            return backlog.Take();
        }
    }

    private void Apply(ServiceSourceChange change)
    {
        switch (change)
        {
            case ServiceSourceChange.Snapshot snapshot:
                _services.Clear();
                _slices.Clear();
                foreach (V1Service service in snapshot.Services)
                {
                    _services[ServiceSourceChange.NameOf(service.Metadata)] = service;
                }

                foreach (V1EndpointSlice slice in snapshot.Slices)
                {
                    _slices[ServiceSourceChange.NameOf(slice.Metadata)] = slice;
                }

                _hasSynced = true;
                break;
            case ServiceSourceChange.Service { Name: var name, Value: var service }:
                Set(_services, name, service);
                break;
            case ServiceSourceChange.Slice { Name: var name, Value: var slice }:
                Set(_slices, name, slice);
                break;
            default:
                throw new UnreachableException($"Unhandled {change.GetType().Name}.");
        }
    }

    private static void Set<T>(Dictionary<NamespacedName, T> all, NamespacedName name, T? value)
        where T : class
    {
        if (value is null)
        {
            all.Remove(name);
        }
        else
        {
            all[name] = value;
        }
    }
}
