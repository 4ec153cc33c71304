using k8s.Models;

namespace Noded.Api.Defaults;

/// <summary>Upstream's defaults for pods (pkg/apis/core/v1/defaults.go), filled in where a field is absent.</summary>
public static class PodDefaults
{
    /// <summary>Changes <paramref name="pod"/> in place; applying twice changes nothing more.</summary>
    public static void Apply(V1Pod pod)
    {
        V1PodSpec spec = pod.Spec ??= new V1PodSpec();
        spec.DnsPolicy = OrDefault(spec.DnsPolicy, "ClusterFirst");
        spec.RestartPolicy = OrDefault(spec.RestartPolicy, "Always");
        spec.SchedulerName = OrDefault(spec.SchedulerName, "default-scheduler");
        spec.SecurityContext ??= new V1PodSecurityContext();
        spec.TerminationGracePeriodSeconds ??= 30;
        spec.EnableServiceLinks ??= true;

        // The older of the two names is an alias, in both directions.
        spec.ServiceAccountName = OrDefault(spec.ServiceAccountName, spec.ServiceAccount);
        spec.ServiceAccount = spec.ServiceAccountName;

        foreach (V1Container container in spec.InitContainers.OrEmpty().Concat(spec.Containers.OrEmpty()))
        {
            ContainerDefaults.Apply(container, spec.HostNetwork == true);
        }

        foreach (V1Volume volume in spec.Volumes.OrEmpty())
        {
            VolumeDefaults.Apply(volume);
        }

        ResourceDefaults.ApplyToPod(spec);
    }

    internal static string? OrDefault(string? value, string? otherwise) =>
        string.IsNullOrEmpty(value) ? otherwise : value;
}
