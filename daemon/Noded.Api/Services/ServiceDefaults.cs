using k8s.Models;

namespace Noded.Api.Services;

/// <summary>Upstream's defaults of a Service (pkg/apis/core/v1/defaults.go), as far as they do not allocate anything.</summary>
public static class ServiceDefaults
{
    private const int AffinitySeconds = 10800;

    public static void Apply(V1Service service)
    {
        V1ServiceSpec spec = service.Spec ??= new V1ServiceSpec();
        spec.Type = Or(spec.Type, "ClusterIP");
        spec.SessionAffinity = Or(spec.SessionAffinity, "None");
        if (spec.SessionAffinity == "ClientIP")
        {
            spec.SessionAffinityConfig ??= new V1SessionAffinityConfig();
            spec.SessionAffinityConfig.ClientIP ??= new V1ClientIPConfig();
            spec.SessionAffinityConfig.ClientIP.TimeoutSeconds ??= AffinitySeconds;
        }

        if (spec.Type != "ExternalName")
        {
            spec.InternalTrafficPolicy = Or(spec.InternalTrafficPolicy, "Cluster");
        }

        if (spec.Type is "NodePort" or "LoadBalancer" || spec.ExternalIPs.OrEmpty().Count > 0)
        {
            spec.ExternalTrafficPolicy = Or(spec.ExternalTrafficPolicy, "Cluster");
        }

        foreach (V1ServicePort port in spec.Ports.OrEmpty())
        {
            port.Protocol = Or(port.Protocol, "TCP");
            port.TargetPort ??= port.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private static string Or(string? value, string standard) => string.IsNullOrEmpty(value) ? standard : value;
}
