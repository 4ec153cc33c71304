using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for ResourceQuotas (pkg/apis/core/validation).</summary>
internal static class QuotaRules
{
    private const string PageSuffix = "hugepages-";

    private const string MustExist =
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
        + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

    private static readonly FieldPath Spec = new("spec");

    private static readonly FrozenSet<string> OfPods = new[]
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu",
        "limits.memory", "limits.ephemeral-storage",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Counts = new[]
    {
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps",
        "services.nodeports", "services.loadbalancers",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly ImmutableArray<(string One, string Other)> Contradictions =
        [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

    public static void Validate(JsonObject quota, FieldErrors errors)
    {
        JsonObject spec = quota.ObjectOrNew("spec");
        JsonObject hard = spec.Object("hard") ?? [];
        foreach ((string name, JsonNode? amount) in hard)
        {
            FieldPath path = Spec.Child("hard").Key(name);
            Name(name, path, errors);
            AmountRules.NotNegative(amount, path, errors);
            if (IsCount(name) && Quantity.TryParse(amount.AsText(), out Quantity quantity) && !quantity.IsMultipleOf(Quantity.FromValue(1)))
            {
                errors.Invalid(path, amount.AsText(), "must be an integer");
            }
        }

        Scopes(spec, hard, errors);
        foreach (JsonObject requirement in spec.Object("scopeSelector").Objects("matchExpressions"))
        {
            Requirement(requirement, spec, hard, errors);
        }
    }

    public static void ValidateUpdate(JsonObject quota, JsonObject old, FieldErrors errors)
    {
        Validate(quota, errors);
        if (!quota["spec"].Texts("scopes").ToHashSet().SetEquals(old["spec"].Texts("scopes")))
        {
            errors.InvalidPart(Spec.Child("scopes"), quota.At("spec", "scopes"), "field is immutable");
        }
    }

    private static bool IsStandard(string name) =>
        OfPods.Contains(name) || Counts.Contains(name) || name is "requests.storage"
        || name.StartsWith(PageSuffix, StringComparison.Ordinal)
        || name.StartsWith($"requests.{PageSuffix}", StringComparison.Ordinal);

    private static bool IsCount(string name) => Counts.Contains(name) || name.StartsWith("count/", StringComparison.Ordinal);

    private static void Name(string name, FieldPath path, FieldErrors errors)
    {
        string[] found = [.. NameRules.QualifiedName(name)];
        errors.Invalid(path, name, found);
        if (found.Length == 0 && !name.Contains('/', StringComparison.Ordinal) && !IsStandard(name))
        {
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
            errors.Invalid(path, name, "must be a standard resource for quota");
        }
    }

    private static void Scopes(JsonObject spec, JsonObject hard, FieldErrors errors)
    {
        FieldPath path = Spec.Child("scopes");
        string[] scopes = [.. spec.Texts("scopes")];
        foreach (string scope in scopes)
        {
            if (hard.Any(pair => IsStandard(pair.Key) && !Fits(scope, pair.Key)))
            {
                errors.InvalidPart(path, spec["scopes"], "unsupported scope applied to resource");
            }
        }

        if (Contradictions.Any(pair => scopes.Contains(pair.One) && scopes.Contains(pair.Other)))
        {
            errors.InvalidPart(path, spec["scopes"], "conflicting scopes");
        }
    }

    private static void Requirement(JsonObject requirement, JsonObject spec, JsonObject hard, FieldErrors errors)
    {
        FieldPath path = Spec.Child("scopeSelector").Child("matchExpressions");
        string scope = requirement.Text("scopeName") ?? "";
        string operation = requirement.Text("operator") ?? "";
        if (hard.Any(pair => IsStandard(pair.Key) && !Fits(scope, pair.Key)))
        {
            errors.InvalidPart(path, spec["scopeSelector"], "unsupported scope applied to resource");
        }

        if (scope is not ("PriorityClass" or "VolumeAttributesClass") && operation != "Exists")
        {
            errors.Invalid(path.Child("operator"), operation, MustExist);
        }

        int values = requirement.Array("values")?.Count ?? 0;
        switch (operation)
        {
            case "In" or "NotIn" when values == 0:
                errors.Required(
                    path.Child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                break;
            case "Exists" or "DoesNotExist" when values > 0:
                errors.InvalidPart(
                    path.Child("values"), requirement["values"], "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                break;
            default:
                break;
        }
    }

    /// <summary>Whether a scope says anything about what is counted.</summary>
    private static bool Fits(string scope, string name) => scope switch
    {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => name is "persistentvolumeclaims" or "requests.storage",
        _ => name == "pods" || OfPods.Contains(name) || name.Contains(PageSuffix, StringComparison.Ordinal),
    };
}

/// <summary>The rules for LimitRanges (pkg/apis/core/validation).</summary>
internal static class LimitRangeRules
{
    private static readonly FieldPath Limits = new("spec.limits");

    private static readonly string[] Parts = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    private static readonly (string Low, string High, string Field, string Text)[] Orders =
    [
        ("min", "max", "min", "min value {0} is greater than max value {1}"),
        ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
        ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
        ("defaultRequest", "default", "defaultRequest", "default request value {0} is greater than default limit value {1}"),
        ("min", "default", "default", "min value {0} is greater than default value {1}"),
        ("default", "max", "default", "default value {0} is greater than max value {1}"),
    ];

    /// <summary>What is not said of containers follows from what is.</summary>
    public static void ApplyDefaults(JsonObject document)
    {
        foreach (JsonObject limit in document["spec"].Objects("limits").Where(limit => limit.Text("type") == "Container"))
        {
            Fill(limit, "default", "max");
            Fill(limit, "defaultRequest", "default");
            Fill(limit, "defaultRequest", "min");
        }
    }

    public static void Validate(JsonObject document, FieldErrors errors)
    {
        HashSet<string> types = [];
        int index = 0;
        foreach (JsonObject limit in document["spec"].Objects("limits"))
        {
            FieldPath path = Limits.Index(index++);
            string type = limit.Text("type") ?? "";
            errors.Invalid(path.Child("type"), type, NameRules.QualifiedName(type));
            if (!type.Contains('/', StringComparison.Ordinal) && type is not ("Pod" or "Container" or "PersistentVolumeClaim"))
            {
                errors.Invalid(path.Child("type"), type, "must be a standard limit type or fully qualified");
            }

            if (!types.Add(type))
            {
                errors.Duplicate(path.Child("type"), type);
            }

            Limit(limit, type, path, errors);
        }
    }

    private static void Fill(JsonObject limit, string name, string source)
    {
        foreach ((string resource, JsonNode? amount) in limit.Object(source) ?? [])
        {
            limit.ObjectOrNew(name).TryAdd(resource, amount?.DeepClone());
        }
    }

    private static void Limit(JsonObject limit, string type, FieldPath path, FieldErrors errors)
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (string part in Parts)
        {
            JsonObject amounts = limit.Object(part) ?? [];
            if (type == "Pod" && part is "default" or "defaultRequest" && amounts.Count > 0)
            {
                errors.Forbidden(path.Child(part), "may not be specified when `type` is 'Pod'");
                continue;
            }

            foreach ((string name, _) in amounts)
            {
                names.Add(name);
                errors.Invalid(path.Child(part).Key(name), name, NameRules.QualifiedName(name));
                if (!name.Contains('/', StringComparison.Ordinal) && !IsKnown(type, name))
                {
                    errors.Invalid(path.Child(part).Key(name), name, "must be a standard resource type or fully qualified");
                }
            }
        }

        bool limitsStorage = limit.Object("min")?.ContainsKey("storage") == true || limit.Object("max")?.ContainsKey("storage") == true;
        if (type == "PersistentVolumeClaim" && !limitsStorage)
        {
            errors.Required(path, "either minimum or maximum storage value is required, but neither was provided");
        }

        foreach (string name in names)
        {
            Amounts(limit, name, path, errors);
        }
    }

    private static void Amounts(JsonObject limit, string name, FieldPath path, FieldErrors errors)
    {
        foreach ((string low, string high, string field, string text) in Orders)
        {
            if (Of(limit, low, name) is { } lower && Of(limit, high, name) is { } higher && lower > higher)
            {
                string value = limit.Object(field).Text(name) ?? "";
                errors.Invalid(path.Child(field).Key(name), value, string.Format(CultureInfo.InvariantCulture, text, lower, higher));
            }
        }

        FieldPath ratioPath = path.Child("maxLimitRequestRatio").Key(name);
        if (Of(limit, "maxLimitRequestRatio", name) is not { } ratio)
        {
            return;
        }

        if (ratio < Quantity.FromValue(1))
        {
            errors.Invalid(ratioPath, ratio.ToString(), $"ratio {ratio} is less than 1");
        }

        if (Of(limit, "min", name) is { IsZero: false } least && Of(limit, "max", name) is { } most)
        {
            double possible = (double)most.MilliValue / least.MilliValue;
            if (ratio.MilliValue / 1000d > possible)
            {
                errors.Invalid(
                    ratioPath, ratio.ToString(), string.Create(CultureInfo.InvariantCulture, $"ratio {ratio} is greater than max/min = {possible:F6}"));
            }
        }
    }

    private static Quantity? Of(JsonObject limit, string part, string name) =>
        Quantity.TryParse(limit.Object(part).Text(name), out Quantity quantity) ? quantity : null;

    private static bool IsKnown(string type, string name) =>
        name is "cpu" or "memory" or "ephemeral-storage"
        || name.StartsWith("hugepages-", StringComparison.Ordinal)
        || (type == "PersistentVolumeClaim" && name == "storage");
}
