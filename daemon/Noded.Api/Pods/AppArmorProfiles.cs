using k8s.Models;

namespace Noded.Api.Pods;

/// <summary>
/// Which AppArmor profile a container is to have: its own field's, else the annotation's that was there before the field,
/// else the pod's. Nobody turns a static pod's annotations into fields, so that is upstream's order for them.
/// </summary>
public static class AppArmorProfiles
{
    /// <summary>Followed by a container's name; the value names a profile.</summary>
    public const string AnnotationPrefix = "container.apparmor.security.beta.kubernetes.io/";

    private const string LocalhostPrefix = "localhost/";

    /// <summary>Null leaves it to the runtime.</summary>
    public static V1AppArmorProfile? Find(V1Pod pod, V1Container container) =>
        container.SecurityContext?.AppArmorProfile
        ?? FromAnnotation(pod.Annotation(AnnotationPrefix + container.Name))
        ?? pod.Spec.SecurityContext?.AppArmorProfile;

    /// <summary>Whether an annotation's value names a profile, or none.</summary>
    internal static bool IsValid(string value) =>
        value is "" or "runtime/default" or "unconfined" || value.StartsWith(LocalhostPrefix, StringComparison.Ordinal);

    private static V1AppArmorProfile? FromAnnotation(string? value) => value switch
    {
        "runtime/default" => new V1AppArmorProfile { Type = "RuntimeDefault" },
        "unconfined" => new V1AppArmorProfile { Type = "Unconfined" },
        not null when value.StartsWith(LocalhostPrefix, StringComparison.Ordinal) =>
            new V1AppArmorProfile { Type = "Localhost", LocalhostProfile = value[LocalhostPrefix.Length..] },
        _ => null,
    };
}
