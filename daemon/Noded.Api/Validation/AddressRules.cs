using System.Net;
using System.Net.Sockets;

namespace Noded.Api.Validation;

/// <summary>IP addresses as the API takes them: whole, without zone, and v4 without leading zeros.</summary>
internal static class AddressRules
{
    internal const string Message = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    public static void Validate(string? value, FieldPath path, FieldErrors errors)
    {
        if (!IsAddress(value))
        {
            errors.Invalid(path, value, Message);
        }
    }

    public static bool IsAddress(string? value)
    {
        if (string.IsNullOrEmpty(value)
            || value.Contains('%', StringComparison.Ordinal)
            || !IPAddress.TryParse(value, out IPAddress? address))
        {
            return false;
        }

        // inet_aton's short and octal forms do not survive printing.
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? !value.StartsWith('[')
            : address.ToString() == value;
    }
}
