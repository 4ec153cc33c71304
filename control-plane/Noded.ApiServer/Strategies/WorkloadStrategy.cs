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
        foreach (string name in (ReadOnlySpan<string>)["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"])
        {
            errors.NonNegative(Spec.Child(name), spec.Integer(name));
        }

        string kind = document.Text("kind") ?? "";
        Selector(spec, kind, errors);
        PodRules.ValidateTemplate(TemplateOf(spec), Spec.Child("template"), errors);
        JsonObject? pod = spec.Object("template").Object("spec");
        FieldPath path = Spec.Child("template").Child("spec");
        if (pod is not null)
        {
            errors.OneOf(path.Child("restartPolicy"), pod.Text("restartPolicy"), "Always");
            if (pod["activeDeadlineSeconds"] is not null)
            {
                errors.Forbidden(path.Child("activeDeadlineSeconds"), $"activeDeadlineSeconds in {(kind == "Deployment" ? "ReplicaSet" : kind)} is not Supported");
            }
        }
    }

    public override void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        Validate(document, errors);
        errors.Immutable(Spec.Child("selector"), document.At("spec", "selector"), old.At("spec", "selector"));
    }

    /// <summary>The template of the pods as they will be.</summary>
    protected virtual JsonObject? TemplateOf(JsonObject spec) => spec.Object("template");

    protected abstract void ApplyDefaultsToSpec(JsonObject document, JsonObject spec);

    /// <summary>The selector must be there and find the pods of the template.</summary>
    private static void Selector(JsonObject spec, string kind, FieldErrors errors)
    {
        FieldPath path = Spec.Child("selector");
        bool isPlain = kind == "ReplicationController";
        JsonObject? selector = isPlain && spec["selector"] is { } labels ? new JsonObject { ["matchLabels"] = labels.DeepClone() } : spec.Object("selector");
        if (selector is null)
        {
            errors.Required(path);
            return;
        }

        SelectorRules.Validate(selector, path, errors);
        if (SelectorRules.IsEmpty(selector))
        {
            if (isPlain)
            {
                errors.Required(path);
            }
            else
            {
                string of = kind == "ReplicaSet" ? "deployment" : kind.ToLowerInvariant(); // upstream's word for both
                errors.InvalidPart(path, spec["selector"], $"empty selector is invalid for {of}");
            }

            return;
        }

        JsonObject? found = spec.Object("template").Object("metadata").Object("labels");
        if (spec.ContainsKey("template") && !LabelSelector.Of(selector).Matches(found))
        {
            errors.InvalidPart(
                Spec.Child("template").Child("metadata").Child("labels"), found, "`selector` does not match template `labels`");
        }
    }
}
