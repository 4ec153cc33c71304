using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Admission;

/// <summary>What breaks a LimitRange, in upstream's words.</summary>
internal static class LimitRules
{
    private const string Claims = "PersistentVolumeClaim";

    public static ImmutableArray<string> OfPod(JsonObject pod, IReadOnlyCollection<JsonObject> limits)
    {
        JsonNode? spec = pod["spec"];
        JsonObject[] containers = [.. spec.Objects("containers")];
        JsonObject[] first = [.. spec.Objects("initContainers")];
        ImmutableArray<string>.Builder broken = ImmutableArray.CreateBuilder<string>();
        foreach (JsonObject limit in limits)
        {
            switch (limit.Text("type"))
            {
                case "Container":
                    foreach (JsonObject container in containers.Concat(first))
                    {
                        broken.AddRange(Check(limit, Amounts(container, "requests"), Amounts(container, "limits")));
                    }

                    break;
                case "Pod":
                    broken.AddRange(Check(limit, Total(containers, first, "requests"), Total(containers, first, "limits")));
                    break;
                default:
                    break;
            }
        }

        return broken.ToImmutable();
    }

    public static ImmutableArray<string> OfClaim(JsonObject claim, IReadOnlyCollection<JsonObject> limits)
    {
        JsonObject spec = claim.Object("spec") ?? [];
        return [.. limits.Where(limit => limit.Text("type") == Claims).SelectMany(limit => Check(limit, Amounts(spec, "requests"), []))];
    }

    private static IEnumerable<string> Check(
        JsonObject limit, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits)
    {
        string type = limit.Text("type") ?? "";
        bool isClaim = type == Claims;
        IEnumerable<string?> findings =
        [
            .. Each(limit, "min", (name, bound) => Minimum(type, name, bound, requests, limits)),
            .. Each(limit, "max", (name, bound) => isClaim
                ? MaximumRequest(type, name, bound, requests)
                : Maximum(type, name, bound, requests, limits)),
            .. Each(limit, "maxLimitRequestRatio", (name, bound) => Ratio(type, name, bound, requests, limits)),
        ];
        return findings.OfType<string>();
    }

    private static IEnumerable<string?> Each(JsonObject limit, string field, Func<string, Quantity, string?> check) =>
        Parse(limit.Object(field)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => check(pair.Key, pair.Value));

    private static string? Minimum(
        string type, string name, Quantity bound, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits)
    {
        string rule = $"minimum {name} usage per {type} is {bound}";
        return !requests.TryGetValue(name, out Quantity request) ? $"{rule}.  No request is specified"
            : request < bound ? $"{rule}, but request is {request}"
            : limits.TryGetValue(name, out Quantity limit) && limit < bound ? $"{rule}, but limit is {limit}"
            : null;
    }

    private static string? Maximum(
        string type, string name, Quantity bound, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits)
    {
        string rule = $"maximum {name} usage per {type} is {bound}";
        return !limits.TryGetValue(name, out Quantity limit) ? $"{rule}.  No limit is specified"
            : limit > bound ? $"{rule}, but limit is {limit}"
            : requests.TryGetValue(name, out Quantity request) && request > bound ? $"{rule}, but request is {request}"
            : null;
    }

    private static string? MaximumRequest(string type, string name, Quantity bound, Dictionary<string, Quantity> requests)
    {
        string rule = $"maximum {name} usage per {type} is {bound}";
        return !requests.TryGetValue(name, out Quantity request) ? $"{rule}.  No request is specified"
            : request > bound ? $"{rule}, but request is {request}"
            : null;
    }

    private static string? Ratio(
        string type, string name, Quantity bound, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits)
    {
        string rule = $"{name} max limit to request ratio per {type} is {bound}";
        if (!requests.TryGetValue(name, out Quantity request) || request.IsZero)
        {
            return $"{rule}, but no request is specified or request is 0";
        }

        if (!limits.TryGetValue(name, out Quantity limit) || limit.IsZero)
        {
            return $"{rule}, but no limit is specified or limit is 0";
        }

        double ratio = (double)limit.MilliValue / request.MilliValue;
        return ratio > bound.MilliValue / 1000.0
            ? string.Create(CultureInfo.InvariantCulture, $"{rule}, but provided ratio is {ratio:0.000000}")
            : null;
    }

    /// <summary>What a pod needs: its containers together, or the largest of those that run before them.</summary>
    private static Dictionary<string, Quantity> Total(JsonObject[] containers, JsonObject[] first, string kind)
    {
        Dictionary<string, Quantity> total = new(StringComparer.Ordinal);
        foreach ((string name, Quantity amount) in containers.SelectMany(container => Amounts(container, kind)))
        {
            total[name] = total.GetValueOrDefault(name) + amount;
        }

        foreach ((string name, Quantity amount) in first.SelectMany(container => Amounts(container, kind)))
        {
            Quantity known = total.GetValueOrDefault(name);
            total[name] = amount > known ? amount : known;
        }

        return total;
    }

    private static Dictionary<string, Quantity> Amounts(JsonObject owner, string kind) =>
        Parse(owner.Object("resources").Object(kind));

    private static Dictionary<string, Quantity> Parse(JsonObject? amounts)
    {
        Dictionary<string, Quantity> parsed = new(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in amounts ?? [])
        {
            if (Quantity.TryParse(value.AsText(), out Quantity quantity))
            {
                parsed[name] = quantity;
            }
        }

        return parsed;
    }
}
