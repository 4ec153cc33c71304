using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.Validation;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Sources;

/// <summary>What a pod's annotation about its disks may say.</summary>
internal static class ResourceRules
{
    internal static void Find(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        if (pod.Annotation(IoMax.Annotation) is not { } value)
        {
            return;
        }

        IoMax.Parse(value, out string? error);
        if (error is not null)
        {
            errors.Invalid(path.Child("metadata").Child("annotations").Key(IoMax.Annotation), value, error);
        }
    }
}
