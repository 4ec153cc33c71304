using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.Services;
using Noded.Api.Validation;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Sources;

/// <summary>What the annotations of our own may say.</summary>
internal static class ResourceRules
{
    internal static void Find(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        EndpointWeight.Validate(pod.Metadata.Annotations, path.Child("metadata"), errors);
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
