using System.Globalization;
using k8s.Models;

namespace Noded.Kubelet.Probes;

/// <summary>The port that a probe or hook names.</summary>
internal static class HandlerPort
{
    /// <exception cref="FormatException">It names none of the container's ports.</exception>
    internal static int Of(IntOrString? port, V1Container container)
    {
        string text = port?.Value ?? string.Empty;
        if (container.Ports?.FirstOrDefault(named => named.Name == text) is { } found)
        {
            return found.ContainerPort;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            // Upstream's words, which people search for.
            throw new FormatException($"strconv.Atoi: parsing \"{text}\": invalid syntax");
        }

        return number is > 0 and <= ushort.MaxValue
            ? number
            : throw new FormatException($"invalid port number: {text}");
    }

    /// <summary>With the brackets that an IPv6 address needs.</summary>
    internal static string Join(string host, int port) => string.Create(
        CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
}
