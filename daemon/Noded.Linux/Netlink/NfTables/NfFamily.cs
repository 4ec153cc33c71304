namespace Noded.Linux.Netlink.NfTables;

/// <summary>NFPROTO_*: whose packets a table, or an expression, is about.</summary>
public enum NfFamily : byte
{
    Unspecified = 0,

    /// <summary>A table for both versions of IP.</summary>
    Inet = 1,
    Ipv4 = 2,
    Ipv6 = 10,
}
