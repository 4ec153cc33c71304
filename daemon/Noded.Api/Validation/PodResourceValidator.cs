using k8s.Models;

using Noded.Api.Pods;
using Noded.Primitives;

namespace Noded.Api.Validation;

/// <summary>Resources of the pod as a whole (KEP-2837), held against those of its containers.</summary>
internal static class PodResourceValidator
{
    public static void Validate(V1PodSpec spec, FieldPath specPath, FieldErrors errors)
    {
        if (spec.Resources is null)
        {
            return;
        }

        FieldPath path = specPath.Child("resources");
        if (spec.Resources.Claims.OrEmpty().Count > 0)
        {
            errors.Forbidden(path.Child("claims"), "claims may not be set for Resources at pod-level");
        }

        foreach ((string name, ResourceQuantity limit) in spec.Resources.Limits.OrEmpty())
        {
            Entry(name, limit.ToQuantity(), path.Child("limits").Key(name), errors);
            ContainersFit(spec, name, limit.ToQuantity(), specPath, errors);
        }

        foreach ((string name, ResourceQuantity request) in spec.Resources.Requests.OrEmpty())
        {
            Entry(name, request.ToQuantity(), path.Child("requests").Key(name), errors);
            ResourceValidator.Overcommit(name, request.ToQuantity(), spec.Resources.Limits.OrEmpty(), path, errors);

            Quantity sum = PodRequests.OfContainers(spec, name);
            if (sum > request.ToQuantity())
            {
                errors.Invalid(
                    path.Child("requests").Key(name),
                    request.ToQuantity().ToString(),
                    $"must be greater than or equal to aggregate container requests of {sum}");
            }
        }
    }

    private static void Entry(string name, Quantity amount, FieldPath path, FieldErrors errors)
    {
        if (name is not ("cpu" or "memory") && !ResourceNames.IsHugePages(name))
        {
            errors.NotSupported(path, name, "cpu", "hugepages-", "memory");
        }

        ResourceValidator.Amount(name, amount, path, errors);
    }

    private static void ContainersFit(
        V1PodSpec spec,
        string name,
        Quantity podLimit,
        FieldPath path,
        FieldErrors errors)
    {
        Check(spec.Containers.OrEmpty(), path.Child("containers"));
        Check(spec.InitContainers.OrEmpty(), path.Child("initContainers"));

        void Check(IList<V1Container> containers, FieldPath listPath)
        {
            for (int i = 0; i < containers.Count; i++)
            {
                IDictionary<string, ResourceQuantity> limits = (containers[i].Resources?.Limits).OrEmpty();
                if (limits.TryGetValue(name, out ResourceQuantity? limit) && limit.ToQuantity() > podLimit)
                {
                    errors.Invalid(
                        listPath.Index(i).Child("resources").Child("limits").Key(name),
                        limit.ToQuantity().ToString(),
                        $"must be less than or equal to pod limits of {podLimit}");
                }
            }
        }
    }
}
