using k8s.Models;

using Noded.Api.Validation;
using Noded.Primitives;

namespace Noded.Api.Services;

/// <summary>What of a Service or EndpointSlice the proxy could not act on; the texts are upstream's kinds.</summary>
internal static class ServiceValidator
{
    private const int MaxPort = 65535;
    private const int MaxAffinitySeconds = 86400;

    public static void Validate(V1Service service, FieldErrors errors)
    {
        V1ServiceSpec spec = service.Spec;
        FieldPath path = new("spec");
        Metadata(service.Metadata, errors);
        errors.RequireOneOf(path.Child("type"), spec.Type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        errors.RequireOneOf(path.Child("sessionAffinity"), spec.SessionAffinity, "ClientIP", "None");
        errors.AllowOneOf(path.Child("internalTrafficPolicy"), spec.InternalTrafficPolicy, "Cluster", "Local");
        errors.AllowOneOf(path.Child("externalTrafficPolicy"), spec.ExternalTrafficPolicy, "Cluster", "Local");
        errors.InRange(
            path.Child("sessionAffinityConfig").Child("clientIP").Child("timeoutSeconds"),
            spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds,
            1,
            MaxAffinitySeconds);
        if (!string.IsNullOrEmpty(spec.ClusterIP) && spec.ClusterIP != "None")
        {
            Address(path.Child("clusterIP"), spec.ClusterIP, errors);
        }

        Addresses(path.Child("clusterIPs"), (spec.ClusterIPs ?? []).Where(text => text != "None"), errors);
        Addresses(path.Child("externalIPs"), spec.ExternalIPs ?? [], errors);
        Ranges(path.Child("loadBalancerSourceRanges"), spec.LoadBalancerSourceRanges ?? [], errors);
        Ports(spec, path.Child("ports"), errors);
    }

    public static void Validate(V1EndpointSlice slice, FieldErrors errors)
    {
        Metadata(slice.Metadata, errors);
        EndpointWeight.Validate(slice.Metadata.Annotations, new FieldPath("metadata"), errors);
        errors.RequireOneOf(new FieldPath("addressType"), slice.AddressType, "IPv4", "IPv6", "FQDN");
        IList<V1Endpoint> endpoints = slice.Endpoints.OrEmpty();
        for (int i = 0; i < endpoints.Count; i++)
        {
            FieldPath path = new FieldPath("endpoints").Index(i).Child("addresses");
            if (endpoints[i].Addresses.OrEmpty().Count == 0)
            {
                errors.Required(path);
            }
            else if (slice.AddressType != "FQDN")
            {
                Addresses(path, endpoints[i].Addresses, errors);
            }
        }

        IList<Discoveryv1EndpointPort> ports = slice.Ports.OrEmpty();
        for (int i = 0; i < ports.Count; i++)
        {
            FieldPath path = new FieldPath("ports").Index(i);
            errors.AllowOneOf(path.Child("protocol"), ports[i].Protocol, "TCP", "UDP", "SCTP");
            errors.InRange(path.Child("port"), ports[i].Port, 1, MaxPort);
        }
    }

    private static void Metadata(V1ObjectMeta metadata, FieldErrors errors)
    {
        FieldPath path = new FieldPath("metadata").Child("name");
        if (string.IsNullOrEmpty(metadata.Name))
        {
            errors.Required(path);
        }
        else
        {
            errors.Invalid(path, metadata.Name, NameRules.Dns1123Subdomain(metadata.Name));
        }
    }

    private static void Ports(V1ServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        IList<V1ServicePort> ports = spec.Ports.OrEmpty();
        HashSet<string> names = [];
        HashSet<(int, string)> numbers = [];
        if (ports.Count == 0 && spec.ClusterIP != "None" && spec.Type != "ExternalName")
        {
            errors.Required(path);
        }

        for (int i = 0; i < ports.Count; i++)
        {
            FieldPath at = path.Index(i);
            errors.InRange(at.Child("port"), ports[i].Port, 1, MaxPort);
            errors.InRange(at.Child("nodePort"), ports[i].NodePort, 1, MaxPort);
            errors.RequireOneOf(at.Child("protocol"), ports[i].Protocol, "TCP", "UDP", "SCTP");
            if (ports.Count > 1 && string.IsNullOrEmpty(ports[i].Name))
            {
                errors.Required(at.Child("name"));
            }
            else if (!names.Add(ports[i].Name ?? ""))
            {
                errors.Duplicate(at.Child("name"), ports[i].Name);
            }

            if (!numbers.Add((ports[i].Port, ports[i].Protocol)))
            {
                errors.Duplicate(at, $"{ports[i].Port}/{ports[i].Protocol}");
            }

            if (spec.Type == "NodePort" && ports[i].NodePort is null or 0)
            {
                errors.Required(at.Child("nodePort"), "without an API server nobody allocates one");
            }
        }
    }

    private static void Addresses(FieldPath path, IEnumerable<string> texts, FieldErrors errors)
    {
        int index = 0;
        foreach (string text in texts)
        {
            Address(path.Index(index++), text, errors);
        }
    }

    private static void Address(FieldPath path, string text, FieldErrors errors)
    {
        if (!IPAddressText.TryParse(text, out _))
        {
            errors.Invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
    }

    private static void Ranges(FieldPath path, IList<string> texts, FieldErrors errors)
    {
        for (int i = 0; i < texts.Count; i++)
        {
            if (!IPPrefix.TryParse(texts[i].Trim(), out _))
            {
                errors.Invalid(
                    path.Index(i), texts[i], "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }
    }
}
