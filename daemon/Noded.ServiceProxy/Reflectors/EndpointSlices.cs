using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using k8s.Models;
using Noded.Api.Services;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>The EndpointSlices that upstream's controller would make for a Service from these pods.</summary>
internal static class EndpointSlices
{
    public static ImmutableArray<V1EndpointSlice> Compute(
        V1Service service, ImmutableArray<ServicePod> pods, string nodeName)
    {
        // Without a selector somebody writes the slices by hand.
        if (service.Spec.Selector is not { Count: > 0 } selector || service.Spec.Type == "ExternalName")
        {
            return [];
        }

        ImmutableArray<ServicePod> selected =
        [
            .. pods.Where(pod => pod.Name.Namespace == service.Metadata.NamespaceProperty
                && selector.All(label => pod.Labels.GetValueOrDefault(label.Key) == label.Value)),
        ];
        return
        [
            .. from family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6]
               from same in selected
                   .Where(pod => pod.Addresses.Any(address => address.AddressFamily == family))
                   .GroupBy(pod => (Ports: string.Join(',', Ports(service, pod).Select(port => port.Port)), pod.Weight))
               select Slice(service, [.. same], family, nodeName),
        ];
    }

    private static V1EndpointSlice Slice(
        V1Service service, ImmutableArray<ServicePod> pods, AddressFamily family, string nodeName)
    {
        IList<Discoveryv1EndpointPort> ports = [.. Ports(service, pods[0])];
        int weight = pods[0].Weight;
        string suffix = string.Join(',', ports.Select(port => port.Port))
            + (weight == EndpointWeight.Default ? "" : $"-{weight}");
        string type = family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        bool publishesAll = service.Spec.PublishNotReadyAddresses ?? false;
        return new V1EndpointSlice
        {
            AddressType = type,
            Metadata = new V1ObjectMeta
            {
                Name = $"{service.Metadata.Name}-{type.ToLowerInvariant()}-{suffix}",
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>
                {
                    [EndpointReader.ServiceNameLabel] = service.Metadata.Name,
                    ["endpointslice.kubernetes.io/managed-by"] = "noded",
                },
                Annotations = weight == EndpointWeight.Default
                    ? null
                    : new Dictionary<string, string> { [EndpointWeight.Annotation] = $"{weight}" },
            },
            Endpoints =
            [
                .. pods.Select(pod => new V1Endpoint
                {
                    Addresses = [pod.Addresses.First(address => address.AddressFamily == family).ToString()],
                    Hostname = HostnameOf(pod, service),
                    NodeName = nodeName,
                    Conditions = new V1EndpointConditions
                    {
                        Ready = publishesAll || (pod.IsReady && !pod.IsTerminating),
                        Serving = pod.IsReady,
                        Terminating = pod.IsTerminating,
                    },
                    TargetRef = new V1ObjectReference
                    {
                        Kind = "Pod",
                        Name = pod.Name.Name,
                        NamespaceProperty = pod.Name.Namespace,
                    },
                }),
            ],
            Ports = ports,
        };
    }

    /// <summary>Upstream's condition for a pod that has a name of its own below its Service.</summary>
    private static string? HostnameOf(ServicePod pod, V1Service service) =>
        pod.Subdomain == service.Metadata.Name && !string.IsNullOrEmpty(pod.Hostname) ? pod.Hostname : null;

    /// <summary>A port that the pod does not have by that name is left out, as upstream does.</summary>
    private static IEnumerable<Discoveryv1EndpointPort> Ports(V1Service service, ServicePod pod) =>
        from port in service.Spec.Ports ?? []
        let number = PortOf(port, pod)
        where number is not null
        select new Discoveryv1EndpointPort { Name = port.Name ?? "", Port = number, Protocol = port.Protocol ?? "TCP" };

    private static int? PortOf(V1ServicePort port, ServicePod pod)
    {
        string target = port.TargetPort?.Value ?? "";
        return target.Length == 0 ? port.Port
            : int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : pod.Ports.TryGetValue(target, out int named) ? named
            : null;
    }
}
