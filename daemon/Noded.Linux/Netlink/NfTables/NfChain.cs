namespace Noded.Linux.Netlink.NfTables;

/// <summary>A chain as the kernel has it.</summary>
/// <param name="Use">The number of its rules and of the jumps to it, from rules and elements.</param>
public sealed record NfChain(string Name, uint Use);
