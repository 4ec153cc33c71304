using k8s.Models;

using Noded.Primitives;

namespace Noded.Api.Pods;

/// <summary>
/// What a pod needs and may use: what it says of itself (KEP-2837), or else its containers together; and what its runtime
/// takes beside them (KEP-688).
/// </summary>
public static class PodRequests
{
    /// <summary>What the node has to have for the pod.</summary>
    public static Quantity OfPod(V1PodSpec spec, string resource) =>
        WithoutOverhead(spec, resource) + AmountOf(spec.Overhead, resource);

    /// <summary>What is there for the pod's own processes.</summary>
    public static Quantity WithoutOverhead(V1PodSpec spec, string resource) =>
        Own(spec.Resources?.Requests, resource) ?? OfContainers(spec, resource);

    /// <summary>
    /// What the pod may use: its own limit, or what its containers may use together at one time. Null when it has no
    /// limit and not each of its containers has one.
    /// </summary>
    public static Quantity? Limit(V1PodSpec spec, string resource) =>
        LimitWithoutOverhead(spec, resource) is { } limit ? limit + AmountOf(spec.Overhead, resource) : null;

    /// <summary>As <see cref="Limit"/>, for the pod's own processes.</summary>
    public static Quantity? LimitWithoutOverhead(V1PodSpec spec, string resource) =>
        Own(spec.Resources?.Limits, resource) ?? LimitOfContainers(spec, resource);

    /// <summary>
    /// The most that runs at one time: the containers with all sidecars, or an init container with the sidecars that
    /// started before it (KEP-753).
    /// </summary>
    public static Quantity OfContainers(V1PodSpec spec, string resource) =>
        Sum(spec, container => AmountOf(container.Resources?.Requests, resource));

    /// <summary>The resources of huge pages that containers name in their requests, each once.</summary>
    public static IEnumerable<string> HugePages(V1PodSpec spec) => spec.Containers.OrEmpty()
        .Concat(spec.InitContainers.OrEmpty())
        .SelectMany(container => (container.Resources?.Requests).OrEmpty().Keys)
        .Where(ResourceNames.IsHugePages)
        .Distinct();

    private static Quantity? LimitOfContainers(V1PodSpec spec, string resource) =>
        spec.InitContainers.OrEmpty().Concat(spec.Containers.OrEmpty())
            .All(container => (container.Resources?.Limits).OrEmpty().TryGetValue(resource, out ResourceQuantity? limit)
                && !limit.ToQuantity().IsZero)
            ? Sum(spec, container => AmountOf(container.Resources?.Limits, resource))
            : null;

    private static Quantity Sum(V1PodSpec spec, Func<V1Container, Quantity> amountOf)
    {
        Quantity sidecars = Quantity.Zero;
        Quantity largestInit = Quantity.Zero;

        foreach (V1Container container in spec.InitContainers.OrEmpty())
        {
            Quantity request = amountOf(container);
            if (container.IsRestartableInit())
            {
                sidecars += request;
                largestInit = Max(largestInit, sidecars);
            }
            else
            {
                largestInit = Max(largestInit, sidecars + request);
            }
        }

        Quantity running = sidecars;
        foreach (V1Container container in spec.Containers.OrEmpty())
        {
            running += amountOf(container);
        }

        return Max(running, largestInit);
    }

    private static Quantity? Own(IDictionary<string, ResourceQuantity>? resources, string resource) =>
        resources.OrEmpty().TryGetValue(resource, out ResourceQuantity? amount) ? amount.ToQuantity() : null;

    private static Quantity AmountOf(IDictionary<string, ResourceQuantity>? resources, string resource) =>
        Own(resources, resource) ?? Quantity.Zero;

    private static Quantity Max(Quantity left, Quantity right) => left > right ? left : right;
}
