using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.Validation;

namespace Noded.Kubelet.Sources;

/// <summary>
/// Fields that this node does not act on yet. A pod that has one is refused: running it without what its author relies
/// on would be worse. Each entry goes with the feature that it stands for.
/// </summary>
internal static class UnsupportedFeatures
{
    internal static void Find(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        FieldPath spec = path.Child("spec");
        Refuse(errors, spec.Child("nodeSelector"), pod.Spec.NodeSelector?.Count > 0);
        Refuse(errors, spec.Child("affinity"), pod.Spec.Affinity is not null);
        Refuse(errors, spec.Child("setHostnameAsFQDN"), pod.Spec.SetHostnameAsFQDN == true);
        Refuse(errors, spec.Child("runtimeClassName"), pod.Spec.RuntimeClassName is not null);
        Refuse(errors, spec.Child("activeDeadlineSeconds"), pod.Spec.ActiveDeadlineSeconds is not null);
        Refuse(errors, spec.Child("hostAliases"), pod.Spec.HostAliases?.Count > 0);
        Refuse(errors, spec.Child("dnsConfig"), pod.Spec.DnsConfig is not null);
        Refuse(errors, spec.Child("readinessGates"), pod.Spec.ReadinessGates?.Count > 0);
        Refuse(errors, spec.Child("hostUsers"), pod.Spec.HostUsers == false);
        Refuse(errors, spec.Child("resources"), pod.Spec.Resources is not null);
        FieldPath security = spec.Child("securityContext");
        Refuse(errors, security.Child("seLinuxOptions"), pod.Spec.SecurityContext?.SeLinuxOptions is not null);
        Refuse(errors, security.Child("appArmorProfile"), pod.Spec.SecurityContext?.AppArmorProfile is not null);
        Refuse(errors, security.Child("sysctls"), pod.Spec.SecurityContext?.Sysctls?.Count > 0);
        Refuse(errors, security.Child("seccompProfile"), pod.Spec.SecurityContext?.SeccompProfile?.Type == "Localhost");
        Refuse(errors, security.Child("runAsNonRoot"), pod.Spec.SecurityContext?.RunAsNonRoot == true);
        for (int i = 0; i < (pod.Spec.Volumes?.Count ?? 0); i++)
        {
            Find(pod.Spec.Volumes![i], spec.Child("volumes").Index(i), errors);
        }

        Find(pod.Spec.InitContainers, spec.Child("initContainers"), errors);
        Find(pod.Spec.Containers, spec.Child("containers"), errors);
    }

    private static void Find(V1Volume volume, FieldPath path, FieldErrors errors)
    {
        foreach ((string name, object? source) in VolumeSources.Of(volume))
        {
            Refuse(errors, path.Child(name), source is not null && name is not ("emptyDir" or "hostPath"));
        }

        Refuse(errors, path.Child("emptyDir").Child("medium"), volume.EmptyDir?.Medium is not (null or "" or "Memory"));
    }

    private static void Find(IList<V1Container>? containers, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < (containers?.Count ?? 0); i++)
        {
            Find(containers![i], path.Index(i), errors);
        }
    }

    private static void Find(V1Container container, FieldPath path, FieldErrors errors)
    {
        FieldPath lifecycle = path.Child("lifecycle");
        Refuse(errors, lifecycle.Child("postStart").Child("tcpSocket"), container.Lifecycle?.PostStart?.TcpSocket is not null);
        Refuse(errors, lifecycle.Child("preStop").Child("tcpSocket"), container.Lifecycle?.PreStop?.TcpSocket is not null);
        Refuse(errors, path.Child("restartPolicy"), container.RestartPolicy is not null);
        Refuse(errors, path.Child("terminationMessagePath"), container.TerminationMessagePath is not (null or "/dev/termination-log"));
        Refuse(errors, path.Child("terminationMessagePolicy"), container.TerminationMessagePolicy is not (null or "File"));
        Refuse(errors, path.Child("volumeDevices"), container.VolumeDevices?.Count > 0);
        foreach (string resource in (container.Resources?.Limits?.Keys ?? []).Except(["cpu", "memory"]))
        {
            Refuse(errors, path.Child("resources").Child("limits").Key(resource), true);
        }

        Refuse(errors, path.Child("envFrom"), container.EnvFrom?.Count > 0);
        FieldPath security = path.Child("securityContext");
        Refuse(errors, security.Child("seccompProfile"), container.SecurityContext?.SeccompProfile?.Type == "Localhost");
        Refuse(errors, security.Child("runAsNonRoot"), container.SecurityContext?.RunAsNonRoot == true);
        Refuse(errors, security.Child("seLinuxOptions"), container.SecurityContext?.SeLinuxOptions is not null);
        Refuse(errors, security.Child("procMount"), container.SecurityContext?.ProcMount is not (null or "Default"));
        Refuse(errors, security.Child("appArmorProfile"), container.SecurityContext?.AppArmorProfile is not null);
        for (int i = 0; i < (container.Env?.Count ?? 0); i++)
        {
            Refuse(errors, path.Child("env").Index(i).Child("valueFrom"), container.Env![i].ValueFrom is not null);
        }
    }

    private static void Refuse(FieldErrors errors, FieldPath path, bool isUsed)
    {
        if (isUsed)
        {
            errors.Forbidden(path, "not supported by this node yet");
        }
    }
}
