using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for numbers, percentages and quantities.</summary>
internal static partial class AmountRules
{
    private const string PercentMessage =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
        + "regex used for validation is '[0-9]+%')";

    /// <summary>A number that is not negative, or a percentage.</summary>
    public static void NumberOrPercent(JsonNode? value, FieldPath path, FieldErrors errors)
    {
        if (value.AsInteger() is { } number)
        {
            errors.NonNegative(path, number);
        }
        else if (value.AsText() is { } text && !Percent.IsMatch(text))
        {
            errors.Invalid(path, text, PercentMessage);
        }
    }

    public static void AtMostAll(JsonNode? value, FieldPath path, FieldErrors errors)
    {
        if (value.AsText() is { } text && Percent.IsMatch(text) && Number(value) > 100)
        {
            errors.Invalid(path, text, "must not be greater than 100%");
        }
    }

    /// <summary>The number, or that before the percent sign; 0 for nothing of the kind.</summary>
    public static long Number(JsonNode? value) => value.AsInteger()
        ?? (value.AsText() is { } text && Percent.IsMatch(text)
            && long.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? number
                : 0);

    /// <summary>An error if there is a quantity that is not more than nothing.</summary>
    public static void Positive(JsonNode? value, FieldPath path, FieldErrors errors)
    {
        if (Quantity.TryParse(value.AsText(), out Quantity quantity) && quantity <= Quantity.Zero)
        {
            errors.Invalid(path, value.AsText(), "must be greater than zero");
        }
    }

    /// <summary>An error if there is a quantity that is less than nothing.</summary>
    public static void NotNegative(JsonNode? value, FieldPath path, FieldErrors errors)
    {
        if (Quantity.TryParse(value.AsText(), out Quantity quantity) && quantity.IsNegative)
        {
            errors.Invalid(path, value.AsText(), "must be greater than or equal to 0");
        }
    }

    [GeneratedRegex(@"\A[0-9]+%\z")]
    private static partial Regex Percent { get; }
}
