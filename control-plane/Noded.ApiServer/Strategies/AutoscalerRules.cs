using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for HorizontalPodAutoscalers (pkg/apis/autoscaling/validation).</summary>
internal static class AutoscalerRules
{
    private const int LongestWindow = 3600;
    private const int LongestPeriod = 1800;

    private static readonly FieldPath Spec = new("spec");

    private static readonly string[] MetricTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];

    /// <summary>The field in which a metric of a type has what is particular about it, in upstream's order.</summary>
    private static readonly (string Type, string Field)[] Sources =
        [("Object", "object"), ("External", "external"), ("Pods", "pods"), ("Resource", "resource"), ("ContainerResource", "containerResource")];

    public static void Validate(JsonObject document, JsonObject? old, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        long most = spec.Integer("maxReplicas") ?? 0;
        long? least = spec.Integer("minReplicas");
        long bound = old.At("spec", "minReplicas").AsInteger() == 0 ? 0 : 1;
        if (least < bound)
        {
            errors.Invalid(Spec.Child("minReplicas"), least.Value, $"must be greater than or equal to {bound}");
        }

        if (most < 1)
        {
            errors.Invalid(Spec.Child("maxReplicas"), most, "must be greater than 0");
        }

        if (least > most)
        {
            errors.Invalid(Spec.Child("maxReplicas"), most, "must be greater than or equal to `minReplicas`");
        }

        Reference(spec.Object("scaleTargetRef"), Spec.Child("scaleTargetRef"), errors);
        JsonObject[] metrics = [.. spec.Objects("metrics")];
        for (int i = 0; i < metrics.Length; i++)
        {
            Metric(metrics[i], Spec.Child("metrics").Index(i), errors);
        }

        if (least == 0 && !metrics.Any(metric => metric.Text("type") is "Object" or "External"))
        {
            errors.Forbidden(
                Spec.Child("metrics"), "must specify at least one Object or External metric to support scaling to zero replicas");
        }

        foreach (string direction in (ReadOnlySpan<string>)["scaleUp", "scaleDown"])
        {
            if (spec.Object("behavior").Object(direction) is { } rules)
            {
                Behavior(rules, Spec.Child("behavior").Child(direction), errors);
            }
        }
    }

    private static void Reference(JsonObject? reference, FieldPath path, FieldErrors errors)
    {
        errors.RequireName(path.Child("kind"), reference.Text("kind"), PathSegment.Errors);
        errors.RequireName(path.Child("name"), reference.Text("name"), PathSegment.Errors);
    }

    private static void Metric(JsonObject metric, FieldPath path, FieldErrors errors)
    {
        string type = metric.Text("type") ?? "";
        if (type.Length == 0)
        {
            errors.Required(path.Child("type"), "must specify a metric source type");
        }

        errors.OneOf(path.Child("type"), type, MetricTypes);
        string expected = Sources.FirstOrDefault(source => source.Type == type).Field ?? "";
        string[] present = [.. Sources.Select(source => source.Field).Where(field => metric.Object(field) is not null)];
        if (present.Length > 0 && metric.Object(present[0]) is { } source)
        {
            Source(present[0], source, path.Child(present[0]), errors);
        }

        if (expected.Length > 0 && !present.Contains(expected))
        {
            errors.Required(path.Child(expected), "must populate information for the given metric source");
        }

        foreach (string other in present.Length == 1 ? [] : present.Where(field => field != expected))
        {
            errors.Forbidden(path.Child(other), "must populate the given metric source only");
        }
    }

    private static void Source(string field, JsonObject source, FieldPath path, FieldErrors errors)
    {
        JsonObject? target = source.Object("target");
        FieldPath targetPath = path.Child("target");
        switch (field)
        {
            case "object":
                Reference(source.Object("describedObject"), path.Child("describedObject"), errors);
                Identifier(source, path, errors);
                if ((target?["value"] ?? target?["averageValue"]) is null)
                {
                    errors.Required(targetPath.Child("averageValue"), "must set either a target value or averageValue");
                }

                break;
            case "external":
                Identifier(source, path, errors);
                External(target, targetPath, errors);
                break;
            case "pods":
                Identifier(source, path, errors);
                if (target?["averageValue"] is null)
                {
                    errors.Required(targetPath.Child("averageValue"), "must specify a positive target averageValue");
                }

                break;
            default:
                Resource(field, source, path, errors);
                break;
        }

        Target(target, targetPath, errors);
    }

    private static void Identifier(JsonObject source, FieldPath path, FieldErrors errors)
    {
        FieldPath at = path.Child("metric").Child("name");
        string name = source.Object("metric").Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required(at, "must specify a metric name");
        }

        errors.AllowName(at, name, PathSegment.Errors);
    }

    private static void External(JsonObject? target, FieldPath path, FieldErrors errors)
    {
        switch (target?["value"], target?["averageValue"])
        {
            case (null, null):
                errors.Required(path.Child("averageValue"), "must set either a target value for metric or a per-pod target");
                break;
            case (not null, not null):
                errors.Forbidden(path.Child("value"), "may not set both a target value for metric and a per-pod target");
                break;
            default:
                break;
        }
    }

    private static void Resource(string field, JsonObject source, FieldPath path, FieldErrors errors)
    {
        JsonObject? target = source.Object("target");
        if (string.IsNullOrEmpty(source.Text("name")))
        {
            errors.Required(path.Child("name"), "must specify a resource name");
        }

        if (field == "containerResource")
        {
            string container = source.Text("container") ?? "";
            if (container.Length == 0)
            {
                errors.Required(path.Child("container"), "must specify a container");
            }

            errors.AllowName(path.Child("container"), container, NameRules.Dns1123Label);
        }

        switch (target?["averageUtilization"], target?["averageValue"])
        {
            case (null, null):
                errors.Required(
                    path.Child("target").Child("averageUtilization"), "must set either a target raw value or a target utilization");
                break;
            case (not null, not null):
                errors.Forbidden(
                    path.Child("target").Child("averageValue"), "may not set both a target raw value and a target utilization");
                break;
            default:
                break;
        }
    }

    private static void Target(JsonObject? target, FieldPath path, FieldErrors errors)
    {
        string type = target.Text("type") ?? "";
        if (type.Length == 0)
        {
            errors.Required(path.Child("type"), "must specify a metric target type");
        }

        if (type is not ("Utilization" or "Value" or "AverageValue"))
        {
            errors.Invalid(path.Child("type"), type, "must be either Utilization, Value, or AverageValue");
        }

        foreach (string name in (ReadOnlySpan<string>)["value", "averageValue"])
        {
            if (Quantity.TryParse(target.Text(name), out Quantity amount) && amount <= Quantity.Zero)
            {
                errors.Invalid(path.Child(name), target.Text(name), "must be positive");
            }
        }

        Utilization(target?["averageUtilization"], path, errors);
    }

    private static void Utilization(JsonNode? value, FieldPath target, FieldErrors errors)
    {
        if (value.AsInteger() is { } percentage and < 1)
        {
            errors.Invalid(target.Child("averageUtilization"), percentage, "must be greater than 0");
        }
    }

    private static void Behavior(JsonObject rules, FieldPath path, FieldErrors errors)
    {
        FieldPath window = path.Child("stabilizationWindowSeconds");
        switch (rules.Integer("stabilizationWindowSeconds"))
        {
            case { } seconds and < 0:
                errors.Invalid(window, seconds, "must be greater than or equal to zero");
                break;
            case { } seconds and > LongestWindow:
                errors.Invalid(window, seconds, $"must be less than or equal to {LongestWindow}");
                break;
            default:
                break;
        }

        if (rules.Text("selectPolicy") is { } selected)
        {
            errors.OneOf(path.Child("selectPolicy"), selected, "Disabled", "Max", "Min");
        }

        JsonObject[] policies = [.. rules.Objects("policies")];
        if (policies.Length == 0)
        {
            errors.Required(path.Child("policies"), "must specify at least one Policy");
        }

        for (int i = 0; i < policies.Length; i++)
        {
            Policy(policies[i], path.Child("policies").Index(i), errors);
        }

        AmountRules.NotNegative(rules["tolerance"], path.Child("tolerance"), errors);
    }

    private static void Policy(JsonObject policy, FieldPath path, FieldErrors errors)
    {
        errors.OneOf(path.Child("type"), policy.Text("type"), "Percent", "Pods");
        foreach (string name in (ReadOnlySpan<string>)["value", "periodSeconds"])
        {
            if ((policy.Integer(name) ?? 0) is var number and <= 0)
            {
                errors.Invalid(path.Child(name), number, "must be greater than zero");
            }
        }

        if (policy.Integer("periodSeconds") is { } period and > LongestPeriod)
        {
            errors.Invalid(path.Child("periodSeconds"), period, $"must be less than or equal to {LongestPeriod}");
        }
    }
}
