using System.Globalization;
using System.Text.RegularExpressions;

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Noded.Api.Yaml;

/// <summary>
/// What a scalar means to go-yaml v2: <c>yes</c>, <c>on</c>, <c>y</c> are booleans, <c>0644</c> is octal,
/// <c>1_000</c> a number, and a timestamp stays a string. Only plain scalars and explicit <c>!!</c> tags are
/// anything but text.
/// </summary>
internal static partial class YamlScalar
{
    internal const string TagPrefix = "tag:yaml.org,2002:";

    /// <summary>The value, or null and the reason why there is none.</summary>
    public static SourceNode? Resolve(Scalar scalar, int line, out string? error)
    {
        error = null;
        string tag = ShortTag(scalar.Tag);
        if (tag is "str" or "!" || (tag.Length == 0 && scalar.Style != ScalarStyle.Plain))
        {
            return new SourceNode.Text(line, scalar.Value);
        }

        if (tag == "binary")
        {
            error = "!!binary is not supported: give the base64 text as a plain string";
            return null;
        }

        SourceNode? plain = ResolvePlain(scalar.Value, line);
        if (plain is null)
        {
            error = $"unsupported value: {scalar.Value.TrimStart('.')} has no JSON form";
            return null;
        }

        if (tag is "" || Matches(tag, plain))
        {
            return plain;
        }

        if (tag is "bool" or "int" or "float" or "null")
        {
            error = $"cannot decode `{scalar.Value}` as a !!{tag}";
            return null;
        }

        // go-yaml leaves scalars with tags that it does not know as text, timestamps among them.
        return new SourceNode.Text(line, scalar.Value);
    }

    /// <summary>The field name a key stands for; null when it cannot be one.</summary>
    public static string? KeyOf(SourceNode node) => node switch
    {
        SourceNode.Text { Value: string text } => text,
        SourceNode.Number { Value: string number } => number,
        SourceNode.Bool { Value: bool value } => value ? "true" : "false",
        _ => null,
    };

    internal static SourceNode? ResolvePlain(string text, int line)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new SourceNode.Null(line);
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return new SourceNode.Bool(line, true);
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return new SourceNode.Bool(line, false);
            case ".nan" or ".NaN" or ".NAN":
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF":
                return null;
            default:
                return ResolveNumber(text) is string number
                    ? new SourceNode.Number(line, number)
                    : new SourceNode.Text(line, text);
        }
    }

    private static string? ResolveNumber(string text)
    {
        if (!(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
        {
            return null;
        }

        string plain = text[0] == '.' ? text : text.Replace("_", "", StringComparison.Ordinal);
        if (YamlInteger.TryParse(plain, out string? integer))
        {
            return integer;
        }

        return FloatPattern().IsMatch(plain)
            && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
                ? value.ToString("R", CultureInfo.InvariantCulture)
                : null;
    }

    private static bool Matches(string tag, SourceNode node) => (tag, node) switch
    {
        ("bool", SourceNode.Bool) => true,
        ("null", SourceNode.Null) => true,
        ("float", SourceNode.Number) => true,
        ("int", SourceNode.Number number) => number.Value.AsSpan().IndexOfAny(".eE") < 0,
        _ => false,
    };

    private static string ShortTag(TagName tag)
    {
        if (tag.IsEmpty)
        {
            return "";
        }

        return tag.IsNonSpecific ? "!"
            : tag.Value.StartsWith(TagPrefix, StringComparison.Ordinal) ? tag.Value[TagPrefix.Length..]
            : tag.Value;
    }

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex FloatPattern();
}
