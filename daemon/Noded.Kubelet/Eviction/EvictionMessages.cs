using System.Text;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Eviction;

/// <summary>What an evicted pod's status says; the words are upstream's, on which users and tools match.</summary>
internal static class EvictionMessages
{
    internal static string NodeIsLow(
        EvictionThreshold threshold, SignalObservation observed, Pod pod, PodUsage usage)
    {
        string resource = EvictionSignals.Describe(threshold.Signal).Resource;
        StringBuilder message = new($"The node was low on resource: {resource}. ");
        message.Append(
            $"Threshold quantity: {Text(resource, threshold.Value.Of(observed.Capacity))}, available: {Text(resource, observed.Available)}. ");
        foreach (V1Container container in pod.Spec.Containers)
        {
            if (resource is "memory" or "ephemeral-storage" && usage.Containers.TryGetValue(container.Name, out (long Memory, long Disk) used))
            {
                long amount = resource == "memory" ? used.Memory : used.Disk;
                long request = (container.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>())
                    .TryGetValue(resource, out ResourceQuantity? asked) ? Quantity.Parse(asked.ToString()).Value : 0;
                if (amount > request)
                {
                    message.Append(
                        $"Container {container.Name} was using {Text(resource, amount)}, request is {Text(resource, request)}, has larger consumption of {resource}. ");
                }
            }
        }

        return message.ToString();
    }

    internal static string VolumeIsFull(string volume, string limit) =>
        $"Usage of EmptyDir volume \"{volume}\" exceeds the limit \"{limit}\". ";

    internal static string PodIsLarge(Quantity limit) =>
        $"Pod ephemeral local storage usage exceeds the total limit of containers {limit}. ";

    internal static string ContainerIsLarge(string container, string limit) =>
        $"Container {container} exceeded its local ephemeral storage limit \"{limit}\". ";

    private static string Text(string resource, long amount) =>
        Quantity.FromValue(amount, resource is "memory" or "ephemeral-storage" ? QuantityFormat.BinarySi : QuantityFormat.DecimalSi)
            .ToString();
}
