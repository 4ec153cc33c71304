using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>References of the downward API to a pod's own fields and resources.</summary>
internal static class FieldRefValidator
{
    internal static readonly string[] EnvironmentFields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    internal static readonly string[] VolumeFields =
    [
        "metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid",
    ];

    internal static readonly string[] Resources =
    [
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    ];

    public static void Field(V1ObjectFieldSelector? selector, FieldPath path, string[] supported, FieldErrors errors)
    {
        if (selector is null)
        {
            return;
        }

        FieldPath fieldPath = path.Child("fieldPath");
        if (string.IsNullOrEmpty(selector.FieldPath))
        {
            errors.Required(fieldPath);
        }
        else if (TrySplitSubscript(selector.FieldPath, out string map, out string key))
        {
            Subscript(map, key, fieldPath, errors);
        }
        else if (!supported.Contains(selector.FieldPath))
        {
            errors.NotSupported(fieldPath, selector.FieldPath, supported);
        }
    }

    public static void Resource(V1ResourceFieldSelector? selector, FieldPath path, bool inVolume, FieldErrors errors)
    {
        if (selector is null)
        {
            return;
        }

        if (inVolume && string.IsNullOrEmpty(selector.ContainerName))
        {
            errors.Required(path.Child("containerName"));
        }

        string resource = selector.Resource ?? "";
        bool hugePages = resource.StartsWith("limits.hugepages-", StringComparison.Ordinal)
            || resource.StartsWith("requests.hugepages-", StringComparison.Ordinal);
        if (resource.Length == 0)
        {
            errors.Required(path.Child("resource"));
        }
        else if (!hugePages && !Resources.Contains(resource))
        {
            errors.NotSupported(path.Child("resource"), resource, Resources);
        }
    }

    private static void Subscript(string map, string key, FieldPath path, FieldErrors errors)
    {
        if (map is "metadata.labels" or "metadata.annotations")
        {
            bool annotations = map == "metadata.annotations";
            errors.Invalid(path, key, NameRules.QualifiedName(annotations ? key.ToLowerInvariant() : key));
        }
        else
        {
            errors.Invalid(path, map, "does not support subscript");
        }
    }

    /// <summary>Takes <c>metadata.labels['key']</c> apart.</summary>
    private static bool TrySplitSubscript(string fieldPath, out string map, out string key)
    {
        int open = fieldPath.IndexOf("['", StringComparison.Ordinal);
        bool subscripted = open > 0
            && open + 4 <= fieldPath.Length
            && fieldPath.EndsWith("']", StringComparison.Ordinal);
        (map, key) = subscripted ? (fieldPath[..open], fieldPath[(open + 2)..^2]) : (fieldPath, "");
        return subscripted;
    }
}
