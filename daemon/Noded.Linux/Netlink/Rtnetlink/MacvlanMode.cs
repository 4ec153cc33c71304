namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>MACVLAN_MODE_*: who of those on one parent may talk to whom.</summary>
public enum MacvlanMode : uint
{
    Private = 1,
    Vepa = 2,
    Bridge = 4,
    Passthru = 8,
}
