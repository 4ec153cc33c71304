namespace Noded.Api.Validation;

/// <summary>Paths inside volumes must not lead out of them.</summary>
internal static class PathRules
{
    /// <summary>Relative and without <c>..</c>.</summary>
    public static void Descending(string value, FieldPath path, FieldErrors errors)
    {
        if (value.StartsWith('/'))
        {
            errors.Invalid(path, value, "must be a relative path");
        }

        NoBackSteps(value, path, errors);
    }

    public static void NoBackSteps(string value, FieldPath path, FieldErrors errors)
    {
        if (value.Split('/').Contains(".."))
        {
            errors.Invalid(path, value, "must not contain '..'");
        }
    }

    /// <summary>
    /// As <see cref="Descending"/>, and not starting with two dots: the kubelet's atomic writer owns those.
    /// </summary>
    public static void DescendingNonReserved(string value, FieldPath path, FieldErrors errors)
    {
        Descending(value, path, errors);
        if (value.StartsWith("..", StringComparison.Ordinal) && !value.StartsWith("../", StringComparison.Ordinal))
        {
            errors.Invalid(path, value, "must not start with '..'");
        }
    }

    public static void Absolute(string value, FieldPath path, FieldErrors errors)
    {
        if (!value.StartsWith('/'))
        {
            errors.Invalid(path, value, "must be an absolute path");
        }
    }

    /// <summary>File modes: permission bits only.</summary>
    public static void Mode(int? mode, FieldPath path, FieldErrors errors)
    {
        if (mode is < 0 or > 511)
        {
            errors.Invalid(path, mode.Value, "must be a number between 0 and 0777 (octal), both inclusive");
        }
    }
}
