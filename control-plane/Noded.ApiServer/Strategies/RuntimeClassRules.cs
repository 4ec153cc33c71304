using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for RuntimeClasses (pkg/apis/node/validation).</summary>
internal static class RuntimeClassRules
{
    private static readonly FieldPath Handler = new("handler");
    private static readonly FieldPath Scheduling = new("scheduling");

    public static void Validate(JsonObject document, FieldErrors errors)
    {
        string handler = document.Text("handler") ?? "";
        errors.Invalid(Handler, handler, NameRules.Dns1123Label(handler));
        FieldPath overhead = new("overhead.limits"); // upstream checks it as if it were a container's limits
        foreach ((string name, JsonNode? amount) in document.Object("overhead").Object("podFixed") ?? [])
        {
            errors.Invalid(overhead.Key(name), name, NameRules.QualifiedName(name));
            AmountRules.NotNegative(amount, overhead.Key(name), errors);
        }

        MetadataRules.Labels(document.Object("scheduling").Object("nodeSelector"), Scheduling.Child("nodeSelector"), errors);
        JsonObject[] tolerations = [.. document.Object("scheduling").Objects("tolerations")];
        PodRules.ValidateTolerations(tolerations, Scheduling.Child("tolerations"), errors);
        for (int i = 0; i < tolerations.Length; i++)
        {
            if (tolerations[..i].Any(other => JsonNode.DeepEquals(other, tolerations[i])))
            {
                errors.Refuse(Scheduling.Child("tolerations").Index(i), $"Duplicate value: {tolerations[i].ToJsonString()}");
            }
        }
    }

    public static void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors) =>
        errors.Immutable(Handler, document["handler"], old["handler"]);
}
