using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for label selectors (apimachinery, apis/meta/v1/validation).</summary>
internal static class SelectorRules
{
    public static void Validate(JsonObject? selector, FieldPath path, FieldErrors errors)
    {
        MetadataRules.Labels(selector.Object("matchLabels"), path.Child("matchLabels"), errors);
        int index = 0;
        foreach (JsonObject expression in selector.Objects("matchExpressions"))
        {
            RequirementValidator.Label(
                expression.Text("key"),
                expression.Text("operator"),
                [.. expression.Texts("values")],
                path.Child("matchExpressions").Index(index++),
                errors);
        }
    }

    /// <summary>Whether a selector chooses everything.</summary>
    public static bool IsEmpty(JsonObject? selector) =>
        selector.Object("matchLabels") is null or { Count: 0 } && selector.Array("matchExpressions") is null or { Count: 0 };
}
