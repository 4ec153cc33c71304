using System.Collections.Immutable;
using System.Net;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>What an empty list does to whoever asks for it.</summary>
internal enum WhenEmpty
{
    /// <summary>Nobody serves anywhere: say so at once.</summary>
    Refuse,

    /// <summary>Somebody serves, but not for this client.</summary>
    Drop,
}

/// <summary>The list of backends that a frontend shows to one kind of client.</summary>
internal readonly record struct FrontendView(bool IsLocal, WhenEmpty WhenEmpty);

/// <summary>An address and port that belong to a Service.</summary>
/// <param name="Address">Null for a node port: every address of this node.</param>
internal sealed record Frontend(
    IPAddress? Address, ushort Port, FrontendView Internal, FrontendView External, bool ChecksSource);

/// <summary>Everything that the data path has to know of one service port. Equal plans need no work.</summary>
/// <param name="Cluster">In order; a backend is there as often as its weight says.</param>
/// <param name="Local">Likewise, of those on this node.</param>
internal sealed record ServicePlan(
    ServicePortName Name,
    ImmutableArray<Frontend> Frontends,
    ImmutableArray<Backend> Cluster,
    ImmutableArray<Backend> Local,
    ImmutableArray<IPPrefix> SourceRanges,
    TimeSpan Affinity)
{
    /// <summary>0 for none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    /// <summary>What a load balancer may count on: not what is only better than nothing.</summary>
    public ImmutableArray<IPAddress> LocalReady { get; init; } = [];

    public static ServicePlan Compute(ServicePort port, ImmutableArray<Endpoint> endpoints, NodeTopology node)
    {
        EndpointSelection selection = EndpointSelection.Compute(port, endpoints, node);
        return new ServicePlan(
            port.Name,
            ComputeFrontends(port, selection),
            Spread(selection.Cluster),
            Spread(selection.Local),
            port.LoadBalancerIPs.IsEmpty ? [] : port.SourceRanges,
            port.Affinity)
        {
            HealthCheckNodePort = port.IsExternallyLocal ? port.HealthCheckNodePort : (ushort)0,
            LocalReady =
            [
                .. endpoints
                    .Where(endpoint => endpoint.IsReady && endpoint.NodeName == node.NodeName)
                    .Select(endpoint => endpoint.Backend.Address)
                    .Distinct(),
            ],
        };
    }

    private static ImmutableArray<Frontend> ComputeFrontends(ServicePort port, EndpointSelection selection)
    {
        // Without a single endpoint a connection is refused; with one that this client may not use, it is dropped.
        WhenEmpty whenEmpty = selection.HasAny ? WhenEmpty.Drop : WhenEmpty.Refuse;
        FrontendView inner = new(port.IsInternallyLocal, whenEmpty);
        FrontendView outer = new(port.IsExternallyLocal, whenEmpty);

        // Whoever is in the cluster sees all endpoints also through the outer addresses.
        FrontendView shortcut = new(IsLocal: false, whenEmpty);

        IEnumerable<Frontend> frontends =
        [
            new(port.ClusterIP, port.Port, inner, inner, ChecksSource: false),
            .. port.ExternalIPs.Select(address => new Frontend(address, port.Port, shortcut, outer, ChecksSource: false)),
            .. port.LoadBalancerIPs.Select(
                address => new Frontend(address, port.Port, shortcut, outer, ChecksSource: !port.SourceRanges.IsEmpty)),
        ];
        if (port.NodePort != 0)
        {
            frontends = frontends.Append(new Frontend(null, port.NodePort, shortcut, outer, ChecksSource: false));
        }

        // The same address as external and load balancer IP: the first one counts.
        return [.. frontends.DistinctBy(frontend => (frontend.Address, frontend.Port))];
    }

    /// <summary>Each backend as often as its weight says, in the smallest numbers that have the same ratio.</summary>
    private static ImmutableArray<Backend> Spread(ImmutableArray<Endpoint> endpoints)
    {
        ImmutableArray<Endpoint> ordered =
            [.. endpoints.DistinctBy(endpoint => endpoint.Backend).OrderBy(endpoint => endpoint.Backend)];
        int divisor = ordered.Aggregate(0, (divisor, endpoint) => GreatestCommonDivisor(divisor, endpoint.Weight));
        return [.. ordered.SelectMany(endpoint => Enumerable.Repeat(endpoint.Backend, endpoint.Weight / divisor))];
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
