namespace Noded.Linux.Netlink.NfTables;

/// <summary>NF_INET_*: where on a packet's way a base chain is called.</summary>
public enum NfHook : byte
{
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

/// <summary>What a base chain may do, and when.</summary>
/// <param name="Type"><c>filter</c> or <c>nat</c>.</param>
/// <param name="Priority">NF_IP_PRI_*: base chains of a hook are called in ascending order.</param>
public sealed record NfBaseChain(string Type, NfHook Hook, int Priority)
{
    private const int DestinationNatPriority = -100;
    private const int SourceNatPriority = 100;

    /// <summary>Before the packet's route is looked up, or for packets of the machine's own.</summary>
    public static NfBaseChain DestinationNat(NfHook hook) => new("nat", hook, DestinationNatPriority);

    public static NfBaseChain SourceNat { get; } = new("nat", NfHook.Postrouting, SourceNatPriority);

    public static NfBaseChain Filter(NfHook hook) => new("filter", hook, Priority: 0);
}
