using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>A Service of the API as the ports that the proxy serves. Fields that the API would refuse are left out.</summary>
internal static class ServiceReader
{
    /// <summary>Somebody else's proxy serves objects with this label.</summary>
    internal const string ServiceProxyName = "service.kubernetes.io/service-proxy-name";

    private const int DefaultAffinitySeconds = 10800;

    public static ImmutableArray<ServicePort> Read(V1Service service)
    {
        V1ServiceSpec? spec = service.Spec;
        if (spec?.Ports is null || spec.Type == "ExternalName" || HasLabel(service.Metadata, ServiceProxyName))
        {
            return [];
        }

        // An old API server sets only the singular.
        IEnumerable<string> clusterIPs = spec.ClusterIPs is { Count: > 0 } several
            ? several
            : [spec.ClusterIP ?? ""];
        return
        [
            .. from text in clusterIPs
               where IPAddressText.TryParse(text, out _)
               let clusterIP = Parse(text)
               from port in spec.Ports
               let read = Read(service, clusterIP, port)
               where read is not null
               select read,
        ];
    }

    internal static bool HasLabel(V1ObjectMeta metadata, string label) => metadata.Labels?.ContainsKey(label) ?? false;

    internal static ServiceProtocol? ProtocolOf(string? protocol) => protocol switch
    {
        null or "" or "TCP" => ServiceProtocol.Tcp,
        "UDP" => ServiceProtocol.Udp,
        "SCTP" => ServiceProtocol.Sctp,
        _ => null,
    };

    private static ServicePort? Read(V1Service service, IPAddress clusterIP, V1ServicePort port)
    {
        if (ProtocolOf(port.Protocol) is not { } protocol || port.Port is not (> 0 and <= ushort.MaxValue))
        {
            return null;
        }

        V1ServiceSpec spec = service.Spec;
        AddressFamily family = clusterIP.AddressFamily;
        NamespacedName name = new(service.Metadata.NamespaceProperty ?? "default", service.Metadata.Name);
        return new ServicePort(
            new ServicePortName(name, port.Name ?? "", protocol, family), clusterIP, (ushort)port.Port)
        {
            NodePort = spec.Type is "NodePort" or "LoadBalancer" ? (ushort)(port.NodePort ?? 0) : (ushort)0,
            ExternalIPs = OfFamily(spec.ExternalIPs, family),
            LoadBalancerIPs = OfFamily(LoadBalancerIPs(service), family),
            SourceRanges = spec.Type == "LoadBalancer" ? SourceRanges(spec, family) : [],
            Affinity = Affinity(spec),
            IsInternallyLocal = spec.InternalTrafficPolicy == "Local",
            IsExternallyLocal = spec.ExternalTrafficPolicy == "Local",
            HealthCheckNodePort = (ushort)(spec.HealthCheckNodePort ?? 0),
        };
    }

    private static IEnumerable<string> LoadBalancerIPs(V1Service service) =>
        service.Spec.Type == "LoadBalancer" && service.Status?.LoadBalancer?.Ingress is { } ingress
            ? ingress.Where(entry => entry.Ip is not null && entry.IpMode != "Proxy").Select(entry => entry.Ip)
            : [];

    private static ImmutableArray<IPAddress> OfFamily(IEnumerable<string>? texts, AddressFamily family) =>
    [
        .. (texts ?? [])
            .Where(text => IPAddressText.TryParse(text, out _))
            .Select(Parse)
            .Where(address => address.AddressFamily == family)
            .Distinct(),
    ];

    /// <summary>
    /// The ranges of the family. When there are some but none of this family, nobody of it may come: an empty list would
    /// let everybody in, so it becomes one range that holds nobody.
    /// </summary>
    private static ImmutableArray<IPPrefix> SourceRanges(V1ServiceSpec spec, AddressFamily family)
    {
        ImmutableArray<string> texts =
            [.. (spec.LoadBalancerSourceRanges ?? []).Select(text => text.Trim()).Where(text => text.Length > 0)];
        if (texts.IsEmpty)
        {
            return [];
        }

        ImmutableArray<IPPrefix> ranges =
        [
            .. texts
                .Where(text => IPPrefix.TryParse(text, out _))
                .Select(IPPrefix.Parse)
                .Where(range => range.Address.AddressFamily == family)
                .Select(range => range.Network)
                .Distinct(),
        ];
        IPAddress nobody = family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        return ranges.IsEmpty ? [IPPrefix.Host(nobody)] : ranges;
    }

    private static TimeSpan Affinity(V1ServiceSpec spec) => spec.SessionAffinity == "ClientIP"
        ? TimeSpan.FromSeconds(spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? DefaultAffinitySeconds)
        : TimeSpan.Zero;

    private static IPAddress Parse(string text) =>
        IPAddressText.TryParse(text, out IPAddress? address) ? address : throw new FormatException(text);
}
