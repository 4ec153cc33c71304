using k8s.Models;

using Noded.Api.Validation;

namespace Noded.Api.StaticPods;

/// <summary>
/// What a pod without an API server cannot have: references to API objects (upstream's PreventStaticPodAPIReferences,
/// HasAPIObjectReference in pkg/api/pod). Upstream names the first; all are named here, with their fields.
/// </summary>
internal static class StaticPodRules
{
    public static void Validate(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        V1PodSpec spec = pod.Spec;
        FieldPath specPath = path.Child("spec");
        if (!string.IsNullOrEmpty(spec.ServiceAccountName))
        {
            Refuse(specPath.Child("serviceAccountName"), "serviceaccounts", errors);
        }

        if (spec.ImagePullSecrets.OrEmpty().Count > 0)
        {
            Refuse(specPath.Child("imagePullSecrets"), "secrets", errors);
        }

        if (spec.ResourceClaims.OrEmpty().Count > 0)
        {
            Refuse(specPath.Child("resourceClaims"), "resourceclaims", errors);
        }

        Containers(spec.InitContainers.OrEmpty(), specPath.Child("initContainers"), errors);
        Containers(spec.Containers.OrEmpty(), specPath.Child("containers"), errors);
        IList<V1Volume> volumes = spec.Volumes.OrEmpty();
        for (int i = 0; i < volumes.Count; i++)
        {
            StaticPodVolumeRules.Validate(volumes[i], specPath.Child("volumes").Index(i), errors);
        }
    }

    internal static void Refuse(FieldPath path, string resource, FieldErrors errors) =>
        errors.Refuse(path, $"static pods may not reference {resource}");

    private static void Containers(IList<V1Container> containers, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < containers.Count; i++)
        {
            IList<V1EnvVar> variables = containers[i].Env.OrEmpty();
            for (int j = 0; j < variables.Count; j++)
            {
                FieldPath valuePath = path.Index(i).Child("env").Index(j).Child("valueFrom");
                RefuseIf(variables[j].ValueFrom?.SecretKeyRef, valuePath.Child("secretKeyRef"), "secrets", errors);
                RefuseIf(
                    variables[j].ValueFrom?.ConfigMapKeyRef, valuePath.Child("configMapKeyRef"), "configmaps", errors);
            }

            IList<V1EnvFromSource> sources = containers[i].EnvFrom.OrEmpty();
            for (int j = 0; j < sources.Count; j++)
            {
                FieldPath sourcePath = path.Index(i).Child("envFrom").Index(j);
                RefuseIf(sources[j].SecretRef, sourcePath.Child("secretRef"), "secrets", errors);
                RefuseIf(sources[j].ConfigMapRef, sourcePath.Child("configMapRef"), "configmaps", errors);
            }
        }
    }

    internal static void RefuseIf(object? reference, FieldPath path, string resource, FieldErrors errors)
    {
        if (reference is not null)
        {
            Refuse(path, resource, errors);
        }
    }
}
