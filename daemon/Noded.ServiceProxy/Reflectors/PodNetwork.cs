using System.Collections.Immutable;
using System.Net;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>A pod of this node that has a network of its own.</summary>
/// <param name="Namespace">The path that holds its network namespace; no other pod's for as long as the machine runs.</param>
/// <param name="Addresses">One of each family that it has.</param>
public sealed record PodNetwork(string Namespace, ImmutableArray<IPAddress> Addresses);

/// <summary>Where the networks of the node's own pods are known: the kubelet, by whoever wires the two.</summary>
public interface IPodNetworks
{
    /// <summary>All of them as they are now, again at every change; the first when all pods are known.</summary>
    IAsyncEnumerable<ImmutableArray<PodNetwork>> WatchAsync(CancellationToken cancellationToken);
}
