using System.Collections.Immutable;
using System.Net;
using k8s.Models;
using Noded.Primitives;

namespace Noded.Dns.Records;

/// <summary>
/// The records of one Service by the Kubernetes DNS-Based Service Discovery specification, 1.1.0, and where that leaves a
/// choice, as CoreDNS has them: SRV also under the Service's own name, addresses also under those of its ports, and a name
/// for every endpoint.
/// </summary>
/// <remarks>https://github.com/kubernetes/dns/blob/master/docs/specification.md</remarks>
internal static class ServiceRecords
{
    private const int AllWeights = 100;

    /// <param name="slices">Those of this Service.</param>
    public static ImmutableArray<DnsRecord> Compute(
        V1Service service, ImmutableArray<V1EndpointSlice> slices, ClusterZone zone)
    {
        string name = NameOf(service.Metadata.NamespaceProperty, service.Metadata.Name, zone);
        if (service.Spec.Type == "ExternalName")
        {
            return IPAddressText.TryParse(service.Spec.ExternalName, out _) || string.IsNullOrEmpty(service.Spec.ExternalName)
                ? []
                : [new DnsRecord.Cname(name, service.Spec.ExternalName.TrimEnd('.'))];
        }

        ImmutableArray<Answer> endpoints = [.. slices.SelectMany(slice => Endpoints(slice, name))];
        ImmutableArray<Answer> ofTheService = IsHeadless(service) ? endpoints : [.. ClusterIPs(service, name)];
        return
        [
            .. Records(name, ofTheService),
            .. ofTheService
                .Where(answer => answer.PortName.Length > 0)
                .GroupBy(answer => $"_{answer.PortName}._{answer.Protocol}.{name}")
                .SelectMany(ofAPort => Records(ofAPort.Key, [.. ofAPort])),
            .. endpoints
                .GroupBy(answer => answer.Target)
                .SelectMany(ofAnEndpoint => Records(ofAnEndpoint.Key, [.. ofAnEndpoint])),
        ];
    }

    /// <summary>The names of its addresses: of its own, and of the endpoints that have a hostname.</summary>
    public static IEnumerable<ReverseName> Reverse(
        V1Service service, ImmutableArray<V1EndpointSlice> slices, ClusterZone zone)
    {
        if (service.Spec.Type == "ExternalName")
        {
            return [];
        }

        string name = NameOf(service.Metadata.NamespaceProperty, service.Metadata.Name, zone);
        IEnumerable<ReverseName> ofEndpoints =
            from slice in slices
            where slice.AddressType is "IPv4" or "IPv6"
            from endpoint in slice.Endpoints ?? []
            where IsReady(endpoint) && !string.IsNullOrEmpty(endpoint.Hostname)
            from address in Addresses(endpoint.Addresses)
            select new ReverseName(address, $"{endpoint.Hostname}.{name}", IsService: false);
        return Addresses(ClusterIPTexts(service))
            .Select(address => new ReverseName(address, name, IsService: true))
            .Concat(ofEndpoints)
            .Distinct();
    }

    /// <summary>A Service's own name, without a dot at its end.</summary>
    public static string NameOf(string? ns, string name, ClusterZone zone) => $"{name}.{ns ?? "default"}.svc.{zone.Domain}";

    /// <summary>An address and a port by which the Service is reached; the port is null when it has none.</summary>
    private sealed record Answer(string Target, IPAddress Address, string PortName, string Protocol, ushort? Port);

    private static IEnumerable<DnsRecord> Records(string owner, ImmutableArray<Answer> answers) =>
        answers.Select(answer => answer.Address).Distinct()
            .Select(address => (DnsRecord)new DnsRecord.Address(owner, address))
            .Concat(answers
                .Where(answer => answer.Port is not null)
                .Select(answer => new DnsRecord.Srv(
                    owner, (ushort)Math.Max(1, AllWeights / answers.Length), answer.Port!.Value, answer.Target))
                .Distinct());

    private static bool IsHeadless(V1Service service) => ClusterIPTexts(service) is ["None", ..];

    private static IList<string> ClusterIPTexts(V1Service service) =>
        service.Spec.ClusterIPs is { Count: > 0 } all ? all
            : string.IsNullOrEmpty(service.Spec.ClusterIP) ? []
            : [service.Spec.ClusterIP];

    private static IEnumerable<Answer> ClusterIPs(V1Service service, string name) =>
        from port in PortsOf((service.Spec.Ports ?? []).Select(port => (port.Name ?? "", port.Protocol ?? "TCP", (int?)port.Port)))
        from address in Addresses(ClusterIPTexts(service))
        select new Answer(name, address, port.Name, port.Protocol, port.Number);

    private static IEnumerable<Answer> Endpoints(V1EndpointSlice slice, string name) =>
        from endpoint in slice.AddressType is "IPv4" or "IPv6" ? slice.Endpoints ?? [] : []
        where IsReady(endpoint)
        from address in Addresses(endpoint.Addresses)
        from port in PortsOf((slice.Ports ?? []).Select(port => (port.Name ?? "", port.Protocol ?? "TCP", port.Port)))
        select new Answer($"{HostnameOf(endpoint, address)}.{name}", address, port.Name, port.Protocol, port.Number);

    /// <summary>What is not said counts as good: slices made by hand have no conditions.</summary>
    private static bool IsReady(V1Endpoint endpoint) => endpoint.Conditions?.Ready ?? true;

    private static string HostnameOf(V1Endpoint endpoint, IPAddress address) =>
        string.IsNullOrEmpty(endpoint.Hostname)
            ? address.ToString().Replace('.', '-').Replace(':', '-')
            : endpoint.Hostname.ToLowerInvariant();

    /// <summary>Without ports there are addresses all the same.</summary>
    private static IEnumerable<(string Name, string Protocol, ushort? Number)> PortsOf(
        IEnumerable<(string Name, string Protocol, int? Number)> ports) =>
        ports
            .Select(port => (port.Name.ToLowerInvariant(), port.Protocol.ToLowerInvariant(), (ushort?)port.Number))
            .DefaultIfEmpty(("", "tcp", null));

    private static IEnumerable<IPAddress> Addresses(IEnumerable<string>? texts)
    {
        foreach (string text in texts ?? [])
        {
            if (IPAddressText.TryParse(text, out IPAddress? address))
            {
                yield return address;
            }
        }
    }
}
