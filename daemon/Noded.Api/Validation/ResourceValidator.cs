using k8s.Models;

using Noded.Api.Pods;
using Noded.Primitives;

namespace Noded.Api.Validation;

/// <summary>Requests and limits of one container.</summary>
internal static class ResourceValidator
{
    public static void Container(V1ResourceRequirements? resources, FieldPath path, FieldErrors errors)
    {
        IDictionary<string, ResourceQuantity> limits = (resources?.Limits).OrEmpty();
        IDictionary<string, ResourceQuantity> requests = (resources?.Requests).OrEmpty();
        FieldPath limitsPath = path.Child("limits");
        FieldPath requestsPath = path.Child("requests");

        foreach ((string name, ResourceQuantity limit) in limits)
        {
            Entry(name, limit.ToQuantity(), limitsPath.Key(name), errors);
        }

        foreach ((string name, ResourceQuantity request) in requests)
        {
            Entry(name, request.ToQuantity(), requestsPath.Key(name), errors);
            Overcommit(name, request.ToQuantity(), limits, path, errors);
        }

        bool hugePages = limits.Keys.Concat(requests.Keys).Any(ResourceNames.IsHugePages);
        bool cpuOrMemory = limits.Keys.Concat(requests.Keys).Any(name => name is "cpu" or "memory");
        if (hugePages && !cpuOrMemory)
        {
            errors.Forbidden(path, "HugePages require cpu or memory");
        }
    }

    /// <summary>What a container may ask for, and how much of it.</summary>
    public static void Entry(string name, Quantity amount, FieldPath path, FieldErrors errors)
    {
        Name(name, path, errors);
        Amount(name, amount, path, errors);
    }

    /// <summary>
    /// A request never exceeds its limit, and equals it where the node cannot lend the same thing twice.
    /// </summary>
    public static void Overcommit(
        string name,
        Quantity request,
        IDictionary<string, ResourceQuantity> limits,
        FieldPath path,
        FieldErrors errors)
    {
        bool overcommit = ResourceNames.IsOvercommitAllowed(name);
        if (!limits.TryGetValue(name, out ResourceQuantity? limitText))
        {
            if (!overcommit)
            {
                errors.Required(path.Child("limits"), "Limit must be set for non overcommitable resources");
            }

            return;
        }

        Quantity limit = limitText.ToQuantity();
        FieldPath requestsPath = path.Child("requests");
        if (!overcommit && request != limit)
        {
            errors.Invalid(requestsPath, request.ToString(), $"must be equal to {name} limit of {limit}");
        }
        else if (overcommit && request > limit)
        {
            errors.Invalid(requestsPath, request.ToString(), $"must be less than or equal to {name} limit of {limit}");
        }
    }

    public static void Amount(string name, Quantity amount, FieldPath path, FieldErrors errors)
    {
        if (amount.IsNegative)
        {
            errors.Invalid(path, amount.ToString(), "must be greater than or equal to 0");
        }
        else if (ResourceNames.IsExtended(name) && !amount.IsMultipleOf(Quantity.FromValue(1)))
        {
            errors.Invalid(path, amount.ToString(), "must be an integer");
        }

        if (ResourceNames.TryGetPageSize(name, out Quantity page) && (amount.IsNegative || !amount.IsMultipleOf(page)))
        {
            errors.Invalid(path, amount.ToString(), $"{amount} is not positive integer multiple of {name}");
        }
    }

    private static void Name(string name, FieldPath path, FieldErrors errors)
    {
        int before = errors.Count;
        errors.Invalid(path, name, NameRules.QualifiedName(name));
        if (errors.Count > before || ResourceNames.IsStandardForContainers(name))
        {
            return;
        }

        if (!name.Contains('/', StringComparison.Ordinal))
        {
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
            errors.Invalid(path, name, "must be a standard resource for containers");
        }
        else if (!ResourceNames.IsExtended(name))
        {
            errors.Invalid(path, name, "doesn't follow extended resource name standard");
        }
    }
}
