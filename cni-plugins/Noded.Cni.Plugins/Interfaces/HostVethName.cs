using System.Globalization;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>
/// Names of the host's ends of veth pairs: <c>veth</c>, four digits of the network, seven of the attachment. They follow
/// from the call, so that DEL and GC find what an ADD left that was killed, and whose namespace may be gone.
/// </summary>
internal static class HostVethName
{
    private const string Prefix = "veth";
    private const int NetworkDigits = 4;
    private const int AttachmentDigits = 7;

    internal static string Create(string network, Attachment attachment) =>
        $"{PrefixOf(network)}{Digest($"{network}\n{attachment.ContainerId}\n{attachment.InterfaceName}", AttachmentDigits)}";

    /// <summary>Whether a link of that name can have been made for an attachment to the network.</summary>
    internal static bool IsOf(string network, string name) =>
        name.Length == Prefix.Length + NetworkDigits + AttachmentDigits
        && name.StartsWith(PrefixOf(network), StringComparison.Ordinal)
        && name[^AttachmentDigits..].All(char.IsAsciiHexDigitLower);

    private static string PrefixOf(string network) => Prefix + Digest(network, NetworkDigits);

    /// <summary>The last digits: the highest hardly change with the last letter of a name.</summary>
    private static string Digest(string text, int digits) =>
        Fnv1a.Hash(text).ToString("x16", CultureInfo.InvariantCulture)[^digits..];
}
