using System.Globalization;

namespace Noded.Cni;

/// <summary>
/// The text by which what plugins leave in the kernel tells whose it is: network, container and interface. It is compared
/// and shown, never taken apart.
/// </summary>
public static class AttachmentLabel
{
    /// <summary>What nft takes as a comment.</summary>
    public const int MaxLength = 127;

    // With two blanks between them they are as long as a label may be; the ids of CRI have 64 characters.
    private const int MaxNetworkLength = 46;
    private const int MaxContainerLength = 64;
    private const int MaxInterfaceLength = 15;

    // "~" and 64 bits of hash, in place of the end of what is too long.
    private const int DigestLength = 17;

    public static string Of(string network, Attachment attachment) =>
        $"{Prefix(network)}{Shorten(attachment.ContainerId, MaxContainerLength)} "
        + Shorten(attachment.InterfaceName, MaxInterfaceLength);

    /// <summary>The labels of all attachments of a network.</summary>
    public static bool IsOf(string label, string network) => label.StartsWith(Prefix(network), StringComparison.Ordinal);

    /// <summary>The text itself if it is short and plain, else as much of it as goes with a hash of the whole.</summary>
    public static string Shorten(string text, int maxLength)
    {
        if (text.Length <= maxLength && text.All(char.IsAscii))
        {
            return text;
        }

        string start = new([.. text.Where(char.IsAscii).Take(Math.Max(0, maxLength - DigestLength))]);
        string digest = $"~{Fnv1a.Hash(text).ToString("x16", CultureInfo.InvariantCulture)}";
        return start + digest[..Math.Min(digest.Length, maxLength)];
    }

    private static string Prefix(string network) => $"{Shorten(network, MaxNetworkLength)} ";
}
