using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Noded.Primitives;

/// <summary>Addresses as people and programs write them in configurations.</summary>
public static class IPAddressText
{
    /// <summary>
    /// Stricter than <see cref="IPAddress.TryParse(string, out IPAddress)"/>, which reads <c>10</c> as 0.0.0.10 and
    /// takes octal parts, scopes and ports: four decimal parts without leading zeros, or an IPv6 address alone.
    /// IPv4-mapped IPv6 addresses become IPv4.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;

        if (text is null || text.AsSpan().IndexOfAny("%[]/ ") >= 0 || !IPAddress.TryParse(text, out IPAddress? parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork)
        {
            // The canonical text of what was read differs from whatever was not four plain decimal parts.
            if (parsed.ToString() != text)
            {
                return false;
            }
        }
        else if (parsed.IsIPv4MappedToIPv6)
        {
            parsed = parsed.MapToIPv4();
        }

        address = parsed;
        return true;
    }
}
