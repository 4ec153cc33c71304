using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>A pod's tolerations.</summary>
internal static class TolerationValidator
{
    public static void Validate(IList<V1Toleration> tolerations, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < tolerations.Count; i++)
        {
            Validate(tolerations[i], path.Index(i), errors);
        }
    }

    private static void Validate(V1Toleration toleration, FieldPath path, FieldErrors errors)
    {
        string key = toleration.Key ?? "";
        string value = toleration.Value ?? "";
        string operation = toleration.OperatorProperty ?? "";

        if (key.Length > 0)
        {
            errors.Invalid(path.Child("key"), key, NameRules.QualifiedName(key));
        }
        else if (operation != "Exists")
        {
            errors.Invalid(
                path.Child("operator"),
                operation,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }

        if (toleration.TolerationSeconds is not null && toleration.Effect != "NoExecute")
        {
            errors.Invalid(
                path.Child("effect"), toleration.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }

        switch (operation)
        {
            case "" or "Equal":
                errors.Invalid(path.Child("operator"), value, NameRules.LabelValue(value));
                break;
            case "Exists" when value.Length > 0:
                errors.Invalid(path.Child("operator"), value, "value must be empty when `operator` is 'Exists'");
                break;
            case "Exists":
                break;
            default:
                errors.NotSupported(path.Child("operator"), operation, "Equal", "Exists");
                break;
        }

        if (!string.IsNullOrEmpty(toleration.Effect))
        {
            errors.AllowOneOf(path.Child("effect"), toleration.Effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
        }
    }
}
