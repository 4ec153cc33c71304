using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Inspection;

/// <summary>What becomes of a connection to an address, in lines for people.</summary>
public static class ServiceExplanation
{
    private const int MaxEndpoints = 50;

    /// <param name="local">The node's own addresses, where node ports answer.</param>
    public static ImmutableArray<string> Compute(
        IPEndPoint target, ServiceProtocol protocol, IReadOnlyCollection<ServiceView> services, IReadOnlySet<IPAddress> local)
    {
        string what = $"{target}/{NameOf(protocol)}";
        if (FindService(target, protocol, services, local) is { } found)
        {
            return Describe(what, found, Find(found, target, local)!);
        }

        return
        [
            $"{what} belongs to no Service: packets to it are left as they are.",
            .. services.Where(service => service.Addresses.Any(address => target.Address.Equals(address.Address)))
                .SelectMany(service => service.Addresses
                    .Where(address => target.Address.Equals(address.Address))
                    .Select(address => $"Service {service.Name.Service} has {address}/{NameOf(service.Name.Protocol)}."))
                .Distinct(),
            .. services.Where(service => service.Endpoints.Any(endpoint => IsAt(endpoint, target)))
                .Select(service => $"It is an endpoint of {service.Name}."),
        ];
    }

    /// <summary>Whose address that is; null when it is nobody's.</summary>
    public static ServiceView? FindService(
        IPEndPoint target, ServiceProtocol protocol, IReadOnlyCollection<ServiceView> services, IReadOnlySet<IPAddress> local) =>
        services.FirstOrDefault(service =>
            service.Name.Protocol == protocol
            && service.Name.Family == target.AddressFamily
            && Find(service, target, local) is not null);

    private static bool IsAt(EndpointView endpoint, IPEndPoint target) =>
        endpoint.Backend.Address.Equals(target.Address) && endpoint.Backend.Port == target.Port;

    /// <summary>An address of its own goes before the ports of the node.</summary>
    private static AddressView? Find(ServiceView service, IPEndPoint target, IReadOnlySet<IPAddress> local) =>
        service.Addresses.FirstOrDefault(address => address.Port == target.Port && target.Address.Equals(address.Address))
        ?? (local.Contains(target.Address) || IPAddress.IsLoopback(target.Address)
            ? service.Addresses.FirstOrDefault(address => address.Port == target.Port && address.Address is null)
            : null);

    private static ImmutableArray<string> Describe(string what, ServiceView service, AddressView address)
    {
        List<string> lines = [$"{what} is {(address.Address is null ? "a node port" : "an address")} of {service.Name}."];
        if (address.ChecksSource)
        {
            lines.Add($"Only clients in {string.Join(", ", service.SourceRanges)} may use it; packets of others are dropped.");
        }

        if (service.Affinity > TimeSpan.Zero)
        {
            lines.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"A client keeps its endpoint until it has been away for {service.Affinity.TotalSeconds:0} s."));
        }

        if (address.Internal == address.External)
        {
            lines.AddRange(DescribeList("Every client", service, address.Internal));
        }
        else
        {
            lines.AddRange(DescribeList("A client on this node or in one of its pods", service, address.Internal));
            lines.AddRange(DescribeList("A client outside", service, address.External));
        }

        return [.. lines];
    }

    private static IEnumerable<string> DescribeList(string who, ServiceView service, ListView list)
    {
        ImmutableArray<EndpointView> endpoints =
            [.. service.Endpoints.Where(endpoint => list.IsLocal ? endpoint.IsInLocal : endpoint.IsInCluster)];
        string kind = list.IsLocal ? "of this node " : "";
        if (endpoints.IsEmpty)
        {
            yield return list.IsRefusedWhenEmpty
                ? $"{who} is refused: no endpoint {kind}serves."
                : $"{who} gets no answer, its packets are dropped: no endpoint {kind}serves, but others do.";
            yield break;
        }

        yield return $"{who} is led to one of {endpoints.Length} endpoint{(endpoints.Length == 1 ? "" : "s")}{(list.IsLocal ? " of this node" : "")}:";
        foreach (EndpointView endpoint in endpoints.Take(MaxEndpoints))
        {
            yield return $"  {endpoint.Backend}  chosen {endpoint.Connections} time{(endpoint.Connections == 1 ? "" : "s")}";
        }

        if (endpoints.Length > MaxEndpoints)
        {
            yield return $"  and {endpoints.Length - MaxEndpoints} more";
        }
    }

    private static string NameOf(ServiceProtocol protocol) => protocol.ToString().ToUpperInvariant();
}
