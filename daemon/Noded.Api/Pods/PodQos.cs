using k8s.Models;

using Noded.Primitives;

namespace Noded.Api.Pods;

/// <summary>
/// The QoS class by upstream's rules (component-helpers, ComputePodQOS): only positive amounts of CPU and memory
/// count, and pod-level resources, where given, stand for all containers.
/// </summary>
internal static class PodQos
{
    internal static readonly string[] Resources = ["cpu", "memory"];

    public static QosClass Compute(V1PodSpec spec)
    {
        V1ResourceRequirements[] parts = spec.Resources is { } pod && (IsSet(pod.Requests) || IsSet(pod.Limits))
            ? [pod]
            : [.. spec.InitContainers.OrEmpty().Concat(spec.Containers.OrEmpty()).Select(ResourcesOf)];

        bool any = parts.Any(part => Resources.Any(name =>
            Amount(part.Requests, name) > Quantity.Zero || Amount(part.Limits, name) > Quantity.Zero));
        if (!any)
        {
            return QosClass.BestEffort;
        }

        return parts.All(IsGuaranteed) ? QosClass.Guaranteed : QosClass.Burstable;
    }

    private static bool IsGuaranteed(V1ResourceRequirements part) => Resources.All(name =>
    {
        Quantity limit = Amount(part.Limits, name);
        Quantity request = Amount(part.Requests, name);

        // An absent request is the limit: it is so after defaulting.
        return limit > Quantity.Zero && (request.IsZero || request == limit);
    });

    private static bool IsSet(IDictionary<string, ResourceQuantity>? resources) =>
        Resources.Any(name => resources.OrEmpty().ContainsKey(name));

    private static V1ResourceRequirements ResourcesOf(V1Container container) =>
        container.Resources ?? new V1ResourceRequirements();

    private static Quantity Amount(IDictionary<string, ResourceQuantity>? resources, string name) =>
        resources.OrEmpty().TryGetValue(name, out ResourceQuantity? amount) ? amount.ToQuantity() : Quantity.Zero;
}
