using System.Net;
using System.Text.RegularExpressions;

using Noded.Api;
using Noded.Api.Validation;
using Noded.Primitives;

namespace Noded.ApiServer.Strategies;

/// <summary>The syntaxes of addresses, hosts and paths beyond those of names (apimachinery, util/validation).</summary>
internal static partial class NetworkNames
{
    internal const string AddressMessage = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    private const string PrefixMessage = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    private const string PortMessage = "must be between 1 and 65535, inclusive";

    private const string WildcardMessage =
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower "
        + "case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used "
        + "for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string PathMessage = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";

    /// <summary>An address that is whole, without zone and leading zeros; null if it is none.</summary>
    public static IPAddress? Address(string? text) => IPAddressText.TryParse(text, out IPAddress? address) ? address : null;

    public static void Prefix(string text, FieldPath path, FieldErrors errors)
    {
        if (!IPPrefix.TryParse(text, out _))
        {
            errors.Invalid(path, text, PrefixMessage);
        }
    }

    public static void Port(long? number, FieldPath path, FieldErrors errors)
    {
        if (number is < 1 or > 65535)
        {
            errors.Invalid(path, number.Value, PortMessage);
        }
    }

    public static IEnumerable<string> Wildcard(string host) =>
        host.StartsWith("*.", StringComparison.Ordinal) && !NameRules.Dns1123Subdomain(host[2..]).Any() ? [] : [WildcardMessage];

    /// <summary>A name of at least two labels; a dot may end it.</summary>
    public static void FullDomain(string name, FieldPath path, FieldErrors errors)
    {
        string bare = name.EndsWith('.') ? name[..^1] : name;
        string[] found = [.. NameRules.Dns1123Subdomain(bare)];
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (found.Length > 0)
        {
            errors.Invalid(path, name, found);
        }
        else if (!bare.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(path, name, "should be a domain with at least two segments separated by dots");
        }
    }

    /// <summary>A domain, a slash and a path, as names of controllers and signers are.</summary>
    public static void DomainPath(string? text, FieldPath path, FieldErrors errors)
    {
        string[] parts = (text ?? "").Split('/', 2);
        if (string.IsNullOrEmpty(text))
        {
            errors.Required(path);
        }
        else if (parts is not [{ Length: > 0 } host, { Length: > 0 } rest])
        {
            errors.Invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        else
        {
            errors.Invalid(path, host, NameRules.Dns1123Subdomain(host));
            if (!PathPattern.IsMatch(rest))
            {
                errors.Invalid(path, rest, PathMessage);
            }
        }
    }

    /// <summary>What is wrong with an address at which something is to be reached from other machines.</summary>
    public static IEnumerable<string> NotReachable(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bool isV4 = bytes.Length == 4;
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            yield return $"may not be unspecified ({address})";
        }

        if (IPAddress.IsLoopback(address))
        {
            yield return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        }

        if (isV4 ? bytes is [169, 254, ..] : address.IsIPv6LinkLocal)
        {
            yield return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        }

        if (isV4 ? bytes is [224, 0, 0, _] : bytes is [0xff, 0x02, ..])
        {
            yield return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9/\-._~%!$&'()*+,;=:]+\z")]
    private static partial Regex PathPattern { get; }
}
