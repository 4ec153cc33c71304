using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Eviction;

/// <summary>What pods allow themselves of the node's disk.</summary>
internal static class LocalStorageLimits
{
    private const string Resource = "ephemeral-storage";

    /// <summary>Whether anything has to be measured for this pod.</summary>
    internal static bool HasAny(Pod pod) =>
        (pod.Spec.Volumes ?? []).Any(volume => LimitOf(volume) is not null)
        || pod.Spec.Containers.Any(container => LimitOf(container) is not null);

    /// <summary>The limit of a volume on the node's disk; those in memory are as large as the limit.</summary>
    internal static ResourceQuantity? LimitOf(V1Volume volume) =>
        volume.EmptyDir is { Medium: null or "", SizeLimit: { } limit } && Quantity.Parse(limit.ToString()).Value > 0 ? limit : null;

    /// <summary>What the pod's status says if it uses more than it may; null if it does not.</summary>
    internal static string? Exceeded(Pod pod, PodUsage usage)
    {
        foreach (V1Volume volume in pod.Spec.Volumes ?? [])
        {
            if (LimitOf(volume) is { } limit && usage.Volumes.GetValueOrDefault(volume.Name) > Value(limit))
            {
                return EvictionMessages.VolumeIsFull(volume.Name, limit.ToString());
            }
        }

        if (PodRequests.Limit(pod.Spec, Resource) is { } total && usage.Disk > total.Value)
        {
            return EvictionMessages.PodIsLarge(total);
        }

        foreach (V1Container container in pod.Spec.Containers)
        {
            if (LimitOf(container) is { } limit && usage.Containers.TryGetValue(container.Name, out (long Memory, long Disk) used)
                && used.Disk > Value(limit))
            {
                return EvictionMessages.ContainerIsLarge(container.Name, limit.ToString());
            }
        }

        return null;
    }

    private static ResourceQuantity? LimitOf(V1Container container) =>
        container.Resources?.Limits is { } limits && limits.TryGetValue(Resource, out ResourceQuantity? limit) ? limit : null;

    private static long Value(ResourceQuantity quantity) => Quantity.Parse(quantity.ToString()).Value;
}
