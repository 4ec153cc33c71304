using System.Collections.Immutable;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.HealthCheck;

/// <summary>What a load balancer is told that asks for a Service at its healthCheckNodePort.</summary>
/// <param name="LocalEndpoints">Ready ones on this node, each once however many ports it has.</param>
internal sealed record ServiceHealth(NamespacedName Service, ushort Port, int LocalEndpoints)
{
    /// <summary>The health of every Service that has a port for it.</summary>
    public static ImmutableDictionary<ushort, ServiceHealth> Compute(IEnumerable<ServicePlan> plans) => plans
        .Where(plan => plan.HealthCheckNodePort != 0)
        .GroupBy(plan => (plan.HealthCheckNodePort, plan.Name.Service))
        .DistinctBy(group => group.Key.HealthCheckNodePort)
        .ToImmutableDictionary(
            group => group.Key.HealthCheckNodePort,
            group => new ServiceHealth(
                group.Key.Service,
                group.Key.HealthCheckNodePort,
                group.SelectMany(plan => plan.LocalReady).Distinct().Count()));
}
