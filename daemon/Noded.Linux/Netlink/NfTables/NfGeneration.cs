namespace Noded.Linux.Netlink.NfTables;

/// <summary>Counts the changes of a namespace's rule set, whoever makes them.</summary>
public sealed record NfGeneration(uint Id);
