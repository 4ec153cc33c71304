using System.Collections.Immutable;
using Noded.Primitives;

namespace Noded.Network;

/// <summary>The addresses of a node's pods, and those that must never leave the machine untranslated.</summary>
/// <param name="PodCidrs">This node's, at most one of each family; empty when another agent brings the pods' network.</param>
/// <param name="ClusterCidrs">All nodes' pods.</param>
/// <param name="ServiceCidrs">All Services.</param>
public sealed record NodeNetworkOptions(
    ImmutableArray<IPPrefix> PodCidrs, ImmutableArray<IPPrefix> ClusterCidrs, ImmutableArray<IPPrefix> ServiceCidrs)
{
    /// <summary>The first node's of the usual cluster, so that a single machine needs no settings.</summary>
    public static NodeNetworkOptions Default { get; } = new(
        [IPPrefix.Parse("10.244.0.0/24")], [IPPrefix.Parse("10.244.0.0/16")], [IPPrefix.Parse("10.96.0.0/12")]);

    /// <summary>Says what is wrong, one line each; empty when nothing is.</summary>
    public ImmutableArray<string> Validate()
    {
        ImmutableArray<string>.Builder errors = ImmutableArray.CreateBuilder<string>();

        foreach (IPPrefix cidr in PodCidrs.Concat(ClusterCidrs).Concat(ServiceCidrs).Where(cidr => cidr != cidr.Network))
        {
            errors.Add($"{cidr} is an address in a network; the network itself is {cidr.Network}.");
        }

        if (PodCidrs.GroupBy(cidr => cidr.IsV6).Any(family => family.Count() > 1))
        {
            errors.Add($"pod CIDRs {string.Join(", ", PodCidrs)}: at most one of each family.");
        }

        foreach (IPPrefix cidr in PodCidrs)
        {
            if (!ClusterCidrs.Any(cluster => cluster.Contains(cidr.Address) && cluster.Length <= cidr.Length))
            {
                errors.Add($"pod CIDR {cidr} is in none of the cluster's: {string.Join(", ", ClusterCidrs)}.");
            }

            if (ServiceCidrs.Any(services => services.Overlaps(cidr)))
            {
                errors.Add($"pod CIDR {cidr} overlaps the Services' addresses {string.Join(", ", ServiceCidrs)}.");
            }
        }

        return errors.ToImmutable();
    }
}
