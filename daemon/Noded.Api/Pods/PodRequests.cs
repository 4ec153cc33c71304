using k8s.Models;

using Noded.Primitives;

namespace Noded.Api.Pods;

/// <summary>What a pod's containers need together.</summary>
internal static class PodRequests
{
    /// <summary>
    /// The most that runs at one time: the containers with all sidecars, or an init container with the sidecars that
    /// started before it (KEP-753).
    /// </summary>
    public static Quantity OfContainers(V1PodSpec spec, string resource)
    {
        Quantity sidecars = Quantity.Zero;
        Quantity largestInit = Quantity.Zero;

        foreach (V1Container container in spec.InitContainers.OrEmpty())
        {
            Quantity request = RequestOf(container, resource);
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
            running += RequestOf(container, resource);
        }

        return Max(running, largestInit);
    }

    private static Quantity RequestOf(V1Container container, string resource) =>
        (container.Resources?.Requests).OrEmpty().TryGetValue(resource, out ResourceQuantity? request)
            ? request.ToQuantity()
            : Quantity.Zero;

    private static Quantity Max(Quantity left, Quantity right) => left > right ? left : right;
}
