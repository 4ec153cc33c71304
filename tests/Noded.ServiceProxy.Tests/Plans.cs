using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests;

/// <summary>Plans as the tests write them: a name, a cluster IP and port, backends.</summary>
internal static class Plans
{
    internal static NodeTopology Node { get; } = new("node-1", "zone-a");

    internal static ServicePort Port(string name, string clusterIP, ServiceProtocol protocol = ServiceProtocol.Tcp)
    {
        IPEndPoint address = IPEndPoint.Parse(clusterIP);
        ServicePortName portName = new(new NamespacedName("default", name), "", protocol, address.AddressFamily);
        return new ServicePort(portName, address.Address, (ushort)address.Port);
    }

    /// <summary>Ready endpoints on this node.</summary>
    internal static ImmutableArray<Endpoint> Ready(params IEnumerable<string> backends) =>
        [.. backends.Select(backend => Endpoint(backend) with { NodeName = Node.NodeName })];

    internal static Endpoint Endpoint(string backend)
    {
        IPEndPoint address = IPEndPoint.Parse(backend);
        return new Endpoint(new Backend(address.Address, (ushort)address.Port));
    }

    internal static ServicePlan Of(ServicePort port, params IEnumerable<string> backends) =>
        ServicePlan.Compute(port, Ready(backends), Node);

    internal static ServicePlan Of(string name, string clusterIP, params IEnumerable<string> backends) =>
        Of(Port(name, clusterIP), backends);

    internal static ImmutableArray<IPAddress> Addresses(params IEnumerable<string> addresses) =>
        [.. addresses.Select(IPAddress.Parse)];

    internal static bool IsV6(string address) => IPEndPoint.Parse(address).AddressFamily == AddressFamily.InterNetworkV6;
}
