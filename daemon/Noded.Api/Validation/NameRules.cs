using System.Text;
using System.Text.RegularExpressions;

namespace Noded.Api.Validation;

/// <summary>
/// The syntaxes of names (RFC 1123, RFC 6335 and Kubernetes' own), each as the list of what a value breaks. Texts are
/// those of apimachinery's util/validation.
/// </summary>
public static partial class NameRules
{
    internal const string Dns1123LabelMessage =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    internal const string Dns1123SubdomainMessage =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    internal const string QualifiedNameMessage =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    internal const string LabelValueMessage =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    internal const string EnvironmentVariableMessage =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";

    public static IEnumerable<string> Dns1123Label(string value) =>
        Broken(value, 63, Dns1123LabelPattern(), Dns1123LabelMessage);

    public static IEnumerable<string> Dns1123Subdomain(string value) =>
        Broken(value, 253, Dns1123SubdomainPattern(), Dns1123SubdomainMessage);

    public static IEnumerable<string> LabelValue(string value) =>
        Broken(value, 63, LabelValuePattern(), LabelValueMessage);

    /// <summary>Keys of labels and annotations, names of extended resources: <c>[prefix/]name</c>.</summary>
    public static IEnumerable<string> QualifiedName(string value)
    {
        string[] parts = value.Split('/');
        if (parts.Length > 2)
        {
            yield return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start "
                + "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
                + "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and "
                + "'/' (e.g. 'example.com/MyName')";
            yield break;
        }

        if (parts.Length == 2)
        {
            IEnumerable<string> prefix = parts[0].Length == 0 ? ["must be non-empty"] : Dns1123Subdomain(parts[0]);
            foreach (string message in prefix)
            {
                yield return $"prefix part {message}";
            }
        }

        string name = parts[^1];
        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (name.Length > 63)
        {
            yield return "name part must be no more than 63 bytes";
        }

        if (!QualifiedNamePattern().IsMatch(name))
        {
            yield return QualifiedNameMessage;
        }
    }

    /// <summary>RFC 6335 section 5.1, as a port's name uses it.</summary>
    public static IEnumerable<string> PortName(string value)
    {
        if (value.Length > 15)
        {
            yield return "must be no more than 15 bytes";
        }

        if (!PortNamePattern().IsMatch(value))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }

        if (!value.Any(char.IsAsciiLetter))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (value.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (value.StartsWith('-') || value.EndsWith('-'))
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    public static IEnumerable<string> EnvironmentVariable(string value)
    {
        if (value.Length == 0 || value.Any(character => character is < ' ' or > '~' or '='))
        {
            yield return EnvironmentVariableMessage;
        }
    }

    private static IEnumerable<string> Broken(string value, int longest, Regex pattern, string message)
    {
        if (Encoding.UTF8.GetByteCount(value) > longest)
        {
            yield return $"must be no more than {longest} bytes";
        }

        if (!pattern.IsMatch(value))
        {
            yield return message;
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Dns1123LabelPattern();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Dns1123SubdomainPattern();

    [GeneratedRegex(@"\A(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    private static partial Regex LabelValuePattern();

    [GeneratedRegex(@"\A([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex QualifiedNamePattern();

    [GeneratedRegex(@"\A[-a-z0-9]+\z")]
    private static partial Regex PortNamePattern();
}
