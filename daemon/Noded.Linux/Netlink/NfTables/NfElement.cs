namespace Noded.Linux.Netlink.NfTables;

/// <summary>One element of a set or map.</summary>
/// <param name="KeyEnd">The last key of a range, in sets of intervals.</param>
/// <param name="Value">Of a map whose values are no verdicts.</param>
/// <param name="Comment">What nft shows as comment: at most <see cref="MaxCommentLength"/> bytes.</param>
public sealed record NfElement(
    NfKey Key, NfKey? KeyEnd = null, NfKey? Value = null, NfVerdict? Verdict = null, string? Comment = null)
{
    /// <summary>What nft reads back; the kernel would take twice as much.</summary>
    public const int MaxCommentLength = 127;
}
