using System.Collections.Frozen;
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
    /// <summary>Sysctls that reach no further than the pod: upstream's safe set.</summary>
    private static readonly FrozenSet<string> SafeSysctls = FrozenSet.Create(
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem");

    internal static void Find(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        FieldPath spec = path.Child("spec");
        Refuse(errors, spec.Child("nodeSelector"), pod.Spec.NodeSelector?.Count > 0);
        Refuse(errors, spec.Child("affinity"), pod.Spec.Affinity is not null);
        Refuse(errors, spec.Child("runtimeClassName"), pod.Spec.RuntimeClassName is not null);
        Refuse(errors, spec.Child("readinessGates"), pod.Spec.ReadinessGates?.Count > 0);
        Refuse(errors, spec.Child("hostUsers"), pod.Spec.HostUsers == false);
        Refuse(errors, spec.Child("resources"), pod.Spec.Resources is not null);
        FieldPath security = spec.Child("securityContext");
        Refuse(errors, security.Child("appArmorProfile"), pod.Spec.SecurityContext?.AppArmorProfile is not null);
        FindUnsafe(pod.Spec, security.Child("sysctls"), errors);
        for (int i = 0; i < (pod.Spec.Volumes?.Count ?? 0); i++)
        {
            Find(pod.Spec.Volumes![i], spec.Child("volumes").Index(i), errors);
        }

        Find(pod.Spec.InitContainers, spec.Child("initContainers"), errors);
        Find(pod.Spec.Containers, spec.Child("containers"), errors);
    }

    /// <summary>Settings that have no namespace of their own would be the machine's.</summary>
    private static void FindUnsafe(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < (spec.SecurityContext?.Sysctls?.Count ?? 0); i++)
        {
            string name = spec.SecurityContext!.Sysctls[i].Name.Replace('/', '.');
            if (!SafeSysctls.Contains(name))
            {
                errors.Forbidden(path.Index(i).Child("name"), $"forbidden sysctl: \"{name}\" not allowlisted");
            }
        }
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
        for (int i = 0; i < (container.RestartPolicyRules?.Count ?? 0); i++)
        {
            Refuse(errors, path.Child("restartPolicyRules").Index(i).Child("action"), container.RestartPolicyRules![i].Action != "Restart");
        }

        Refuse(errors, path.Child("terminationMessagePath"), container.TerminationMessagePath is not (null or "/dev/termination-log"));
        Refuse(errors, path.Child("terminationMessagePolicy"), container.TerminationMessagePolicy is not (null or "File"));
        Refuse(errors, path.Child("volumeDevices"), container.VolumeDevices?.Count > 0);
        foreach (string resource in (container.Resources?.Limits?.Keys ?? []).Except(["cpu", "memory"]))
        {
            Refuse(errors, path.Child("resources").Child("limits").Key(resource), true);
        }

        Refuse(errors, path.Child("envFrom"), container.EnvFrom?.Count > 0);
        FieldPath security = path.Child("securityContext");
        Refuse(errors, security.Child("appArmorProfile"), container.SecurityContext?.AppArmorProfile is not null);
        for (int i = 0; i < (container.Env?.Count ?? 0); i++)
        {
            Refuse(errors, path.Child("env").Index(i).Child("valueFrom").Child("fileKeyRef"), container.Env![i].ValueFrom?.FileKeyRef is not null);
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
