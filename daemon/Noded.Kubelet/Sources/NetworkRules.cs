using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.Validation;

namespace Noded.Kubelet.Sources;

/// <summary>What a pod's annotation about its network may say, and with what it agrees.</summary>
internal static class NetworkRules
{
    internal static void Find(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        FieldPath annotation = path.Child("metadata").Child("annotations").Key(PodExtensions.NetworkAnnotation);

        if (pod.Annotation(PodExtensions.NetworkAnnotation) is not { } value)
        {
            return;
        }

        errors.AllowOneOf(annotation, value, "none");

        if (pod.IsHostNetwork())
        {
            errors.Forbidden(annotation, "when `hostNetwork` is true");
        }

        FieldPath containers = path.Child("spec").Child("containers");
        for (int i = 0; i < pod.Spec.Containers.Count; i++)
        {
            IList<V1ContainerPort> ports = pod.Spec.Containers[i].Ports ?? [];
            for (int j = 0; j < ports.Count; j++)
            {
                if (ports[j].HostPort > 0)
                {
                    errors.Forbidden(
                        containers.Index(i).Child("ports").Index(j).Child("hostPort"), "nothing leads to a pod without a network");
                }
            }
        }
    }
}
