using System.Globalization;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>
/// Names of links on the host: four letters for what they are, four digits of the network, seven of the attachment. They
/// follow from the call, so that DEL and GC find what an ADD left that was killed, and whose namespace may be gone.
/// </summary>
internal sealed class HostLinkName
{
    private const int NetworkDigits = 4;
    private const int AttachmentDigits = 7;

    private readonly string _prefix;

    private HostLinkName(string prefix) => _prefix = prefix;

    /// <summary>The host's end of a veth pair.</summary>
    internal static HostLinkName Veth { get; } = new("veth");

    /// <summary>The link that what a container sends has to pass.</summary>
    internal static HostLinkName Limiter { get; } = new("bwif");

    internal string Create(string network, Attachment attachment) =>
        $"{PrefixOf(network)}{Digest($"{network}\n{attachment.ContainerId}\n{attachment.InterfaceName}", AttachmentDigits)}";

    /// <summary>Whether a link of that name can have been made for an attachment to the network.</summary>
    internal bool IsOf(string network, string name) =>
        name.Length == _prefix.Length + NetworkDigits + AttachmentDigits
        && name.StartsWith(PrefixOf(network), StringComparison.Ordinal)
        && name[^AttachmentDigits..].All(char.IsAsciiHexDigitLower);

    private string PrefixOf(string network) => _prefix + Digest(network, NetworkDigits);

    /// <summary>The last digits: the highest hardly change with the last letter of a name.</summary>
    private static string Digest(string text, int digits) =>
        Fnv1a.Hash(text).ToString("x16", CultureInfo.InvariantCulture)[^digits..];
}
