using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.Validation;
using Noded.Kubelet.Volumes;

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

        Refuse(errors, path.Child("emptyDir").Child("medium"), !EmptyDirMedium.IsKnown(volume.EmptyDir?.Medium));
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

        Refuse(errors, path.Child("volumeDevices"), container.VolumeDevices?.Count > 0);
        foreach (string resource in (container.Resources?.Limits?.Keys ?? []).Where(name => !ResourceNames.IsStandardForContainers(name)))
        {
            Refuse(errors, path.Child("resources").Child("limits").Key(resource), true);
        }

        Refuse(errors, path.Child("envFrom"), container.EnvFrom?.Count > 0);
    }

    private static void Refuse(FieldErrors errors, FieldPath path, bool isUsed)
    {
        if (isUsed)
        {
            errors.Forbidden(path, "not supported by this node yet");
        }
    }
}
