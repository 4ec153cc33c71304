using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for pods and templates of pods.</summary>
internal static class PodRules
{
    /// <summary>Validates a pod that is to be made.</summary>
    public static void Validate(JsonObject pod, FieldErrors errors) => Report(Find(pod), "", errors);

    /// <summary>Validates a template, whose pods have names that are not known yet.</summary>
    public static void ValidateTemplate(JsonObject? template, FieldPath path, FieldErrors errors)
    {
        if (template?.Object("spec") is null)
        {
            errors.Required(path.Child("spec").Child("containers"));
            return;
        }

        JsonObject pod = template.Copy();
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        JsonObject metadata = pod.ObjectOrNew("metadata");
        metadata["name"] = "template";
        metadata["namespace"] = "template";
        Report(Find(pod), path.ToString(), errors);
    }

    /// <summary>Validates tolerations that pods get from elsewhere.</summary>
    public static void ValidateTolerations(JsonObject[] tolerations, FieldPath path, FieldErrors errors)
    {
        const string InPod = "spec.tolerations";
        JsonObject pod = new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = "template", ["namespace"] = "template" },
            ["spec"] = new JsonObject { ["tolerations"] = new JsonArray([.. tolerations.Select(item => item.DeepClone())]) },
        };
        foreach (FieldError error in Find(pod).Where(error => error.Field.Text.StartsWith(InPod, StringComparison.Ordinal)))
        {
            errors.Refuse(new FieldPath(path + error.Field.Text[InPod.Length..]), error.Message);
        }
    }

    private static ImmutableArray<FieldError> Find(JsonObject pod)
    {
        JsonObject wished = [];
        foreach (string name in (ReadOnlySpan<string>)["apiVersion", "kind", "metadata", "spec"])
        {
            wished[name] = pod[name]?.DeepClone();
        }

        wished.Object("metadata")?.Remove("managedFields");
        try
        {
            return PodValidator.Validate(ApiJson.ReadKnownPod(wished.ToUtf8()));
        }
        catch (JsonException)
        {
            // The models may have another type for a field than the schema, which is no fault of the pod.
            return [];
        }
    }

    private static void Report(ImmutableArray<FieldError> found, string prefix, FieldErrors errors)
    {
        foreach (FieldError error in found)
        {
            FieldPath path = prefix.Length == 0 ? error.Field : new FieldPath($"{prefix}.{error.Field}");
            errors.Refuse(path, error.Message);
        }
    }
}
