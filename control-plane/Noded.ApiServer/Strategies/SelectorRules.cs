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
            Expression(expression, path.Child("matchExpressions").Index(index++), errors);
        }
    }

    /// <summary>Whether a selector chooses everything.</summary>
    public static bool IsEmpty(JsonObject? selector) =>
        selector.Object("matchLabels") is null or { Count: 0 } && selector.Array("matchExpressions") is null or { Count: 0 };

    private static void Expression(JsonObject expression, FieldPath path, FieldErrors errors)
    {
        string[] values = [.. expression.Texts("values")];
        string operation = expression.Text("operator") ?? "";
        switch (operation)
        {
            case "In" or "NotIn" when values.Length == 0:
                errors.Required(path.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values.Length > 0:
                errors.Forbidden(path.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                errors.Invalid(path.Child("operator"), operation, "not a valid selector operator");
                break;
        }

        string key = expression.Text("key") ?? "";
        errors.Invalid(path.Child("key"), key, NameRules.QualifiedName(key));
        for (int i = 0; i < values.Length; i++)
        {
            errors.Invalid(path.Child("values").Index(i), values[i], NameRules.LabelValue(values[i]));
        }
    }
}
