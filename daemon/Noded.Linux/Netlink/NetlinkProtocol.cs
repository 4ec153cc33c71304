namespace Noded.Linux.Netlink;

/// <summary>The kernel's part that a netlink socket talks to (linux/netlink.h, NETLINK_*).</summary>
public enum NetlinkProtocol
{
    /// <summary>Links, addresses, routes, neighbours, traffic control: rtnetlink(7).</summary>
    Route = 0,

    /// <summary>Sockets: sock_diag(7).</summary>
    SockDiag = 4,

    /// <summary>nf_tables and connection tracking.</summary>
    Netfilter = 12,
}
