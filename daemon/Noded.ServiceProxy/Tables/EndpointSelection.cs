using System.Collections.Immutable;

namespace Noded.ServiceProxy.Tables;

/// <summary>
/// Which of a service port's endpoints this node uses, by the rules of upstream's CategorizeEndpoints. The two lists are
/// independent: either may hold what the other has not.
/// </summary>
/// <param name="Cluster">For traffic policy Cluster, topology considered.</param>
/// <param name="Local">For traffic policy Local: those on this node.</param>
/// <param name="HasAny">Whether any endpoint anywhere could be used; what is left without one is dropped, not refused.</param>
internal sealed record EndpointSelection(
    ImmutableArray<Endpoint> Cluster, ImmutableArray<Endpoint> Local, bool HasAny)
{
    public static EndpointSelection Compute(ServicePort port, ImmutableArray<Endpoint> endpoints, NodeTopology node)
    {
        ImmutableArray<Endpoint> cluster = port.UsesClusterEndpoints ? SelectCluster(endpoints, node) : [];
        ImmutableArray<Endpoint> local = port.UsesLocalEndpoints
            ? ReadyOrServingTerminating([.. endpoints.Where(endpoint => endpoint.NodeName == node.NodeName)])
            : [];
        bool hasAny = !cluster.IsEmpty
            || (port.UsesLocalEndpoints && endpoints.Any(endpoint => endpoint.IsReady || endpoint.IsServingTerminating));
        return new EndpointSelection(cluster, local, hasAny);
    }

    private static ImmutableArray<Endpoint> SelectCluster(ImmutableArray<Endpoint> endpoints, NodeTopology node)
    {
        ImmutableArray<Endpoint> ready = [.. endpoints.Where(endpoint => endpoint.IsReady)];
        return ready.IsEmpty ? ReadyOrServingTerminating(endpoints) : PreferClose(ready, node);
    }

    /// <summary>
    /// Hints count only when every ready endpoint has them and one of them means us: half a set of hints comes from a
    /// controller that is not done, and following it would overload the few.
    /// </summary>
    private static ImmutableArray<Endpoint> PreferClose(ImmutableArray<Endpoint> ready, NodeTopology node)
    {
        if (ready.All(endpoint => !endpoint.NodeHints.IsEmpty)
            && ready.Any(endpoint => endpoint.NodeHints.Contains(node.NodeName)))
        {
            return [.. ready.Where(endpoint => endpoint.NodeHints.Contains(node.NodeName))];
        }

        return ready.All(endpoint => !endpoint.ZoneHints.IsEmpty)
            && ready.Any(endpoint => endpoint.ZoneHints.Contains(node.Zone))
                ? [.. ready.Where(endpoint => endpoint.ZoneHints.Contains(node.Zone))]
                : ready;
    }

    private static ImmutableArray<Endpoint> ReadyOrServingTerminating(ImmutableArray<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.IsReady)
            ? [.. endpoints.Where(endpoint => endpoint.IsReady)]
            : [.. endpoints.Where(endpoint => endpoint.IsServingTerminating)];
}
