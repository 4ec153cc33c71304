using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Api.Validation;

/// <summary>Collects what is wrong with one object; the methods are upstream's kinds of field error.</summary>
public sealed class FieldErrors
{
    private readonly ImmutableArray<FieldError>.Builder _errors = ImmutableArray.CreateBuilder<FieldError>();

    public int Count => _errors.Count;

    public ImmutableArray<FieldError> ToImmutable() => _errors.ToImmutable();

    public void Required(FieldPath path, string detail = "") =>
        Add(path, detail.Length > 0 ? $"Required value: {detail}" : "Required value");

    public void Invalid(FieldPath path, string? value, string detail) =>
        Add(path, $"Invalid value: {Quote(value)}: {detail}");

    public void Invalid(FieldPath path, long value, string detail) =>
        Add(path, string.Create(CultureInfo.InvariantCulture, $"Invalid value: {value}: {detail}"));

    public void Invalid(FieldPath path, bool value, string detail) =>
        Add(path, $"Invalid value: {(value ? "true" : "false")}: {detail}");

    public void Invalid(FieldPath path, string? value, IEnumerable<string> details)
    {
        foreach (string detail in details)
        {
            Invalid(path, value, detail);
        }
    }

    public void NotSupported(FieldPath path, string? value, params IEnumerable<string> supported)
    {
        string list = string.Join(", ", supported.Order(StringComparer.Ordinal).Select(Quote));
        Add(path, $"Unsupported value: {Quote(value)}: supported values: {list}");
    }

    public void Duplicate(FieldPath path, string? value) => Add(path, $"Duplicate value: {Quote(value)}");

    public void NotFound(FieldPath path, string? value) => Add(path, $"Not found: {Quote(value)}");

    public void Forbidden(FieldPath path, string detail) => Add(path, $"Forbidden: {detail}");

    /// <summary>A reason that is none of the kinds above and speaks for itself.</summary>
    public void Refuse(FieldPath path, string message) => Add(path, message);

    public void TooLong(FieldPath path, int maximum) =>
        Add(path, string.Create(CultureInfo.InvariantCulture, $"Too long: may not be more than {maximum} bytes"));

    public void TooMany(FieldPath path, int actual, int maximum) =>
        Add(path, string.Create(
            CultureInfo.InvariantCulture, $"Too many: {actual}: must have at most {maximum} items"));

    /// <summary>An error unless the value is one of <paramref name="supported"/>; empty is "Required".</summary>
    public void RequireOneOf(FieldPath path, string? value, params ReadOnlySpan<string> supported)
    {
        if (string.IsNullOrEmpty(value))
        {
            Required(path);
        }
        else if (!supported.Contains(value))
        {
            NotSupported(path, value, supported.ToArray());
        }
    }

    /// <summary>As <see cref="RequireOneOf"/>, but the field may be absent.</summary>
    public void AllowOneOf(FieldPath path, string? value, params ReadOnlySpan<string> supported)
    {
        if (value is not null && !supported.Contains(value))
        {
            NotSupported(path, value, supported.ToArray());
        }
    }

    public void InRange(FieldPath path, long? value, long minimum, long maximum)
    {
        if (value < minimum || value > maximum)
        {
            string range = string.Create(CultureInfo.InvariantCulture, $"{minimum} and {maximum}");
            Invalid(path, value.Value, $"must be between {range}, inclusive");
        }
    }

    public void NonNegative(FieldPath path, long? value)
    {
        if (value < 0)
        {
            Invalid(path, value.Value, "must be greater than or equal to 0");
        }
    }

    private void Add(FieldPath path, string message) => _errors.Add(new FieldError(path, message));

    private static string Quote(string? value)
    {
        string escaped = (value ?? "")
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal);
        return $"\"{escaped}\"";
    }
}
