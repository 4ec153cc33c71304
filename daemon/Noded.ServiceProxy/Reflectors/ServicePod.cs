using System.Collections.Immutable;
using System.Net;
using Noded.Api.Services;
using Noded.Primitives;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>A pod of this node, as far as Services care.</summary>
/// <param name="Ports">Named container ports: name to number.</param>
public sealed record ServicePod(
    NamespacedName Name,
    ImmutableDictionary<string, string> Labels,
    ImmutableArray<IPAddress> Addresses,
    ImmutableDictionary<string, int> Ports)
{
    /// <summary>What the pod's spec says, for names in DNS.</summary>
    public string? Hostname { get; init; }

    /// <summary>The Service that gives the hostname a place in DNS.</summary>
    public string? Subdomain { get; init; }

    /// <summary>How often it is chosen, beside others.</summary>
    public int Weight { get; init; } = EndpointWeight.Default;

    public bool IsReady { get; init; }

    public bool IsTerminating { get; init; }
}

/// <summary>Where the node's own pods are known: the kubelet, by whoever wires the two.</summary>
public interface IServicePods
{
    /// <summary>All pods as they are now, again at every change; the first when all of them are known.</summary>
    IAsyncEnumerable<ImmutableArray<ServicePod>> WatchAsync(CancellationToken cancellationToken);
}
