using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Noded.Api.Services;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>The endpoints that a Service's EndpointSlices have for one of its ports.</summary>
internal static class EndpointReader
{
    internal const string ServiceNameLabel = "kubernetes.io/service-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>The Service that a slice belongs to; null when it is none of ours.</summary>
    public static NamespacedName? ServiceOf(V1EndpointSlice slice)
    {
        V1ObjectMeta metadata = slice.Metadata;
        return metadata.Labels is { } labels
            && labels.TryGetValue(ServiceNameLabel, out string? service)
            && !labels.ContainsKey(ServiceReader.ServiceProxyName)
            && !labels.ContainsKey(HeadlessLabel)
            && slice.AddressType is "IPv4" or "IPv6"
                ? new NamespacedName(metadata.NamespaceProperty ?? "default", service)
                : null;
    }

    public static ImmutableArray<Endpoint> Read(IEnumerable<V1EndpointSlice> slices, ServicePortName port)
    {
        string type = port.Family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        IEnumerable<Endpoint> endpoints =
            from slice in slices
            where slice.AddressType == type
            from slicePort in slice.Ports ?? []
            where (slicePort.Name ?? "") == port.Port
                && ServiceReader.ProtocolOf(slicePort.Protocol) == port.Protocol
                && slicePort.Port is > 0 and <= ushort.MaxValue
            from endpoint in slice.Endpoints ?? []
            let read = Read(endpoint, (ushort)slicePort.Port!.Value, port.Family, slice.Metadata)
            where read is not null
            select read;

        // An endpoint that moves from one slice to another is in both for a moment: the better news is the newer.
        return
        [
            .. endpoints
                .GroupBy(endpoint => endpoint.Backend)
                .Select(same => same
                    .OrderByDescending(endpoint => endpoint.IsReady)
                    .ThenByDescending(endpoint => endpoint.IsServing)
                    .First())
                .OrderBy(endpoint => endpoint.Backend),
        ];
    }

    private static Endpoint? Read(V1Endpoint endpoint, ushort port, AddressFamily family, V1ObjectMeta slice)
    {
        // All addresses of an endpoint are the same thing; consumers use the first.
        if (endpoint.Addresses is not [string text, ..]
            || !IPAddressText.TryParse(text, out IPAddress? address)
            || address.AddressFamily != family)
        {
            return null;
        }

        V1EndpointConditions? conditions = endpoint.Conditions;
        return new Endpoint(new Backend(address, port))
        {
            // What is not said counts as good: slices made by hand have no conditions.
            IsReady = conditions?.Ready ?? true,
            IsServing = conditions?.Serving ?? conditions?.Ready ?? true,
            IsTerminating = conditions?.Terminating ?? false,
            NodeName = endpoint.NodeName,
            Weight = EndpointWeight.Of(slice.Annotations),
            ZoneHints = [.. (endpoint.Hints?.ForZones ?? []).Select(zone => zone.Name)],
            NodeHints = [.. (endpoint.Hints?.ForNodes ?? []).Select(node => node.Name)],
        };
    }
}
