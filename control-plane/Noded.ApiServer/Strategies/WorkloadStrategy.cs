using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Strategies;

/// <summary>What kinds have in common that make pods from a template.</summary>
internal abstract class WorkloadStrategy : Strategy
{
    protected static readonly FieldPath Spec = new("spec");

    public override bool TracksGeneration => true;

    public override void ApplyDefaults(JsonObject document)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        if (spec.Object("template").Object("spec") is { } podSpec)
        {
            PodSpecDefaults.Apply(podSpec);
        }

        ApplyDefaultsToSpec(document, spec);
    }

    public override void Validate(JsonObject document, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        errors.NonNegative(Spec.Child("replicas"), spec.Integer("replicas"));
        errors.NonNegative(Spec.Child("minReadySeconds"), spec.Integer("minReadySeconds"));
        Selector(spec, errors);
        PodRules.ValidateTemplate(spec.Object("template"), Spec.Child("template"), errors);
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        Immutable(document, old, "selector", errors);
    }

    protected abstract void ApplyDefaultsToSpec(JsonObject document, JsonObject spec);

    /// <summary>An error if a field of the spec is not as it was.</summary>
    protected static void Immutable(JsonObject document, JsonObject old, string name, FieldErrors errors)
    {
        JsonNode? value = document.At("spec", name);
        if (!JsonNode.DeepEquals(value, old.At("spec", name)))
        {
            errors.Refuse(Spec.Child(name), $"Invalid value: {value?.ToJsonString() ?? "null"}: field is immutable");
        }
    }

    /// <summary>The selector must be there and find the pods of the template.</summary>
    private static void Selector(JsonObject spec, FieldErrors errors)
    {
        JsonObject? selector = spec.Object("selector");
        if (selector is null)
        {
            errors.Required(Spec.Child("selector"));
            return;
        }

        JsonObject labelSelector = selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions")
            ? selector
            : new JsonObject { ["matchLabels"] = selector.DeepClone() };
        if (selector.Count == 0 || LabelSelector.Of(labelSelector).IsEmpty)
        {
            errors.Refuse(
                Spec.Child("selector"), "Invalid value: {}: empty selector is invalid for deployment");
            return;
        }

        JsonObject? labels = spec.Object("template").Object("metadata").Object("labels");
        if (spec.ContainsKey("template") && !LabelSelector.Of(labelSelector).Matches(labels))
        {
            errors.Refuse(
                Spec.Child("template").Child("metadata").Child("labels"),
                $"Invalid value: {labels?.ToJsonString() ?? "null"}: `selector` does not match template `labels`");
        }
    }
}
