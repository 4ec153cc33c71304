using System.Text;
using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>Field errors about parts of documents.</summary>
internal static class DocumentErrors
{
    private const string Unchangeable = "field is immutable";

    /// <summary>Says of any value what is wrong with it.</summary>
    public static void InvalidPart(this FieldErrors errors, FieldPath path, JsonNode? value, string detail)
    {
        if (value.AsText() is { } text)
        {
            errors.Invalid(path, text, detail);
        }
        else
        {
            errors.Refuse(path, $"Invalid value: {(value is null ? "null" : Encoding.UTF8.GetString(value.ToUtf8()))}: {detail}");
        }
    }

    /// <summary>An error if a value is not as it was.</summary>
    public static void Immutable(this FieldErrors errors, FieldPath path, JsonNode? value, JsonNode? before)
    {
        if (!JsonNode.DeepEquals(value, before))
        {
            errors.InvalidPart(path, value, Unchangeable);
        }
    }

    /// <summary>An error if a name is not there or is none.</summary>
    public static void RequireName(
        this FieldErrors errors, FieldPath path, string? name, Func<string, IEnumerable<string>> syntax)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
        }
        else
        {
            errors.Invalid(path, name, syntax(name));
        }
    }

    /// <summary>An error if a name is there but is none.</summary>
    public static void AllowName(
        this FieldErrors errors, FieldPath path, string? name, Func<string, IEnumerable<string>> syntax)
    {
        if (!string.IsNullOrEmpty(name))
        {
            errors.Invalid(path, name, syntax(name));
        }
    }

    /// <summary>An error if a value is not one of some; empty counts as a value.</summary>
    public static void OneOf(this FieldErrors errors, FieldPath path, string? value, params ReadOnlySpan<string> supported)
    {
        if (!supported.Contains(value ?? ""))
        {
            errors.NotSupported(path, value, supported.ToArray());
        }
    }
}
