using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Validation;

/// <summary>
/// Upstream's validation of a pod that is to be created (pkg/apis/core/validation), after defaults were applied. Every
/// error is reported, in the order of the API's fields.
/// </summary>
public static class PodValidator
{
    public static ImmutableArray<FieldError> Validate(V1Pod pod) => Validate(pod, FieldPath.Empty);

    /// <param name="path">Where the pod is: empty, or <c>items[0]</c> in a list.</param>
    public static ImmutableArray<FieldError> Validate(V1Pod pod, FieldPath path)
    {
        FieldErrors errors = new();
        MetadataValidator.Validate(pod.Metadata, path.Child("metadata"), errors);

        FieldPath specPath = path.Child("spec");
        if (pod.Spec is null)
        {
            errors.Required(specPath);
        }
        else
        {
            AppArmorAnnotations(pod, path.Child("metadata").Child("annotations"), errors);
            PodSpecValidator.Validate(pod.Spec, specPath, errors);
        }

        return errors.ToImmutable();
    }

    private static void AppArmorAnnotations(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        foreach ((string key, string value) in (pod.Metadata?.Annotations).OrEmpty())
        {
            if (!key.StartsWith(AppArmorProfiles.AnnotationPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            string name = key[AppArmorProfiles.AnnotationPrefix.Length..];
            if (!pod.Spec.Containers.OrEmpty().Concat(pod.Spec.InitContainers.OrEmpty()).Any(container => container.Name == name))
            {
                errors.Invalid(path.Key(key), name, "container not found");
            }

            if (!AppArmorProfiles.IsValid(value))
            {
                errors.Invalid(path.Key(key), value, $"invalid AppArmor profile name: \"{value}\"");
            }
        }
    }
}
