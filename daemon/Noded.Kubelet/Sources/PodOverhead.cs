using k8s.Models;
using Noded.Api;
using Noded.Api.Validation;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Sources;

/// <summary>
/// What the API server's admission of RuntimeClasses does to a pod (KEP-688): the pod has its class's overhead, and no
/// other. A class that is not there yet is no error; the pod waits for it.
/// </summary>
internal static class PodOverhead
{
    internal static void Apply(V1Pod pod, IRuntimeClasses classes, FieldPath path, FieldErrors errors)
    {
        FieldPath field = path.Child("spec").Child("overhead");
        V1RuntimeClass? runtimeClass = pod.Spec.RuntimeClassName is { Length: > 0 } name ? classes.TryGet(name) : null;
        IDictionary<string, ResourceQuantity>? overhead = runtimeClass?.Overhead?.PodFixed;
        if (pod.Spec.Overhead is not { Count: > 0 } own)
        {
            pod.Spec.Overhead = overhead;
        }
        else if (runtimeClass is not null && !IsSame(own, overhead))
        {
            errors.Forbidden(field, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }
        else if (string.IsNullOrEmpty(pod.Spec.RuntimeClassName))
        {
            errors.Forbidden(field, "Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
    }

    private static bool IsSame(IDictionary<string, ResourceQuantity> own, IDictionary<string, ResourceQuantity>? other) =>
        other is not null && own.Count == other.Count
        && own.All(entry => other.TryGetValue(entry.Key, out ResourceQuantity? amount)
            && amount.ToDecimal() == entry.Value.ToDecimal());
}
