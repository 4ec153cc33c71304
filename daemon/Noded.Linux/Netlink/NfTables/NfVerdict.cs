namespace Noded.Linux.Netlink.NfTables;

/// <summary>What becomes of a packet, or of its way through the chains (NF_* and NFT_*).</summary>
/// <param name="Chain">Where to, for jumps.</param>
public sealed record NfVerdict(int Code, string? Chain = null)
{
    private const int JumpCode = -3;

    public static NfVerdict Drop { get; } = new(0);

    public static NfVerdict Accept { get; } = new(1);

    /// <summary>Back to the chain that jumped here.</summary>
    public static NfVerdict Return { get; } = new(-5);

    public static NfVerdict Jump(string chain) => new(JumpCode, chain);
}
