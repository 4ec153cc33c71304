using System.Globalization;
using System.Text.Json;

using k8s.Models;

using Noded.Api.Yaml;
using Noded.Primitives;

namespace Noded.Api.Serialization;

/// <summary>Whether a value fits a field that is neither object nor collection.</summary>
internal static class StrictScalar
{
    /// <summary>The error, or null and the value to write.</summary>
    public static string? Check(SourceNode node, Type declared, out SourceNode value)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        value = node is SourceNode.Null ? Zero(type) : node;

        return (value, type) switch
        {
            (SourceNode.Text, _) when type == typeof(string) => null,
            (SourceNode.Bool, _) when type == typeof(bool) => null,
            (SourceNode.Number number, _) when type == typeof(int) => CheckInt32(number.Value),
            (SourceNode.Number number, _) when type == typeof(long) => CheckInt64(number.Value),
            (SourceNode.Number, _) when type == typeof(double) => null,
            (SourceNode.Text, _) when type == typeof(IntOrString) => null,
            (SourceNode.Number number, _) when type == typeof(IntOrString) =>
                CheckInt32(number.Value),
            (SourceNode.Text text, _) when type == typeof(ResourceQuantity) => CheckQuantity(text.Value, ref value),
            (SourceNode.Number number, _) when type == typeof(ResourceQuantity) =>
                CheckQuantity(number.Value, ref value),
            (SourceNode.Text text, _) when type == typeof(DateTime) => CheckTime(text.Value),
            (_, _) when type == typeof(object) || type == typeof(JsonElement) => null,
            _ => $"cannot unmarshal {value.KindName} into {NameOf(type)}",
        };
    }

    private static string? CheckInt32(string number) =>
        int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? null
            : $"cannot unmarshal number {number} into int32";

    private static string? CheckInt64(string number) =>
        long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? null
            : $"cannot unmarshal number {number} into int64";

    private static string? CheckQuantity(string text, ref SourceNode value)
    {
        if (!Quantity.TryParse(text, out Quantity quantity))
        {
            return Quantity.FormatMessage;
        }

        // Canonical, as upstream stores it; the library's own parser never sees what a user wrote.
        value = new SourceNode.Text(value.Line, quantity.ToString());
        return null;
    }

    private static string? CheckTime(string text) =>
        ApiTimeConverter.TryParse(text, out _) ? null : $"parsing time \"{text}\": expected RFC 3339";

    /// <summary>What Go leaves in a list or map for null.</summary>
    private static SourceNode Zero(Type type)
    {
        if (type == typeof(string))
        {
            return new SourceNode.Text(0, "");
        }

        if (type == typeof(bool))
        {
            return new SourceNode.Bool(0, false);
        }

        bool number = type == typeof(int) || type == typeof(long) || type == typeof(IntOrString)
            || type == typeof(ResourceQuantity) || type == typeof(double);
        return number ? new SourceNode.Number(0, "0") : new SourceNode.Null(0);
    }

    private static string NameOf(Type type)
    {
        if (type == typeof(ResourceQuantity))
        {
            return "quantity";
        }

        if (type == typeof(IntOrString))
        {
            return "int or string";
        }

        return type == typeof(int) ? "int32"
            : type == typeof(long) ? "int64"
            : type == typeof(bool) ? "bool"
            : type == typeof(DateTime) ? "time"
            : "string";
    }
}
