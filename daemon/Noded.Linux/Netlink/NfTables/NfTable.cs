namespace Noded.Linux.Netlink.NfTables;

/// <summary>A table as the kernel has it.</summary>
/// <param name="Use">The number of its chains, sets and objects.</param>
public sealed record NfTable(string Name, uint Use);
