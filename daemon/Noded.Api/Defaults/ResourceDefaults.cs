using k8s.Models;

using Noded.Api.Pods;
using Noded.Primitives;

namespace Noded.Api.Defaults;

/// <summary>Requests that follow from limits, and the precision of both.</summary>
internal static class ResourceDefaults
{
    public static void Apply(V1ResourceRequirements resources)
    {
        RoundUp(resources.Limits);
        RoundUp(resources.Requests);
        if (resources.Limits is null)
        {
            return;
        }

        resources.Requests ??= new Dictionary<string, ResourceQuantity>();
        foreach ((string name, ResourceQuantity limit) in resources.Limits)
        {
            resources.Requests.TryAdd(name, limit);
        }
    }

    /// <summary>
    /// KEP-2837: the pod's requests default to what its containers request, then to the pod's limits.
    /// </summary>
    public static void ApplyToPod(V1PodSpec spec)
    {
        if (spec.Resources is null)
        {
            return;
        }

        RoundUp(spec.Resources.Limits);
        RoundUp(spec.Resources.Requests);
        if (spec.Resources.Limits.OrEmpty().Count == 0)
        {
            return;
        }

        IDictionary<string, ResourceQuantity> requests =
            spec.Resources.Requests ??= new Dictionary<string, ResourceQuantity>();
        foreach (string name in (string[])["cpu", "memory"])
        {
            Quantity sum = PodRequests.OfContainers(spec, name);
            if (!sum.IsZero)
            {
                requests.TryAdd(name, new ResourceQuantity(sum.ToString()));
            }
        }

        foreach ((string name, ResourceQuantity limit) in spec.Resources.Limits.OrEmpty())
        {
            requests.TryAdd(name, limit);
        }
    }

    private static void RoundUp(IDictionary<string, ResourceQuantity>? resources)
    {
        foreach ((string name, ResourceQuantity amount) in resources.OrEmpty().ToArray())
        {
            string rounded = amount.ToQuantity().RoundUpToMilli().ToString();
            resources![name] = new ResourceQuantity(rounded); // not empty: not null
        }
    }
}
