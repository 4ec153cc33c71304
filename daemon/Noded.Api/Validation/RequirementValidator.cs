namespace Noded.Api.Validation;

/// <summary>One requirement of a selector of labels, or of nodes, which have two operators more.</summary>
public static class RequirementValidator
{
    public static void Label(
        string? key, string? operation, IReadOnlyList<string> values, FieldPath path, FieldErrors errors) =>
        Validate(key, operation, values, isOfNodes: false, path, errors);

    internal static void Node(
        string? key, string? operation, IReadOnlyList<string> values, FieldPath path, FieldErrors errors) =>
        Validate(key, operation, values, isOfNodes: true, path, errors);

    private static void Validate(
        string? key, string? operation, IReadOnlyList<string> values, bool isOfNodes, FieldPath path, FieldErrors errors)
    {
        FieldPath valuesPath = path.Child("values");
        switch (operation)
        {
            case "In" or "NotIn" when values.Count == 0:
                errors.Required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values.Count > 0:
                errors.Forbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when isOfNodes && values.Count != 1:
                errors.Required(valuesPath, "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
            case "Gt" or "Lt" when isOfNodes:
                break;
            default:
                errors.Invalid(path.Child("operator"), operation, "not a valid selector operator");
                break;
        }

        errors.Invalid(path.Child("key"), key ?? "", NameRules.QualifiedName(key ?? ""));
        for (int i = 0; i < values.Count; i++)
        {
            errors.Invalid(valuesPath.Index(i), values[i], NameRules.LabelValue(values[i] ?? ""));
        }
    }
}
