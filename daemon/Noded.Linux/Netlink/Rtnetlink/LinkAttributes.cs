using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>struct ifinfomsg: the fixed part of link messages (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InterfaceHeader
{
    internal byte Family;
    internal byte Pad;

    /// <summary>ARPHRD_*.</summary>
    internal ushort Type;
    internal int Index;
    internal LinkFlags Flags;

    /// <summary>Which of the flags the request changes.</summary>
    internal LinkFlags Change;
}

/// <summary>net_device flags that we read or set (linux/if.h, IFF_*).</summary>
[Flags]
public enum LinkFlags : uint
{
    None = 0,
    Up = 0x1,
    Loopback = 0x8,
    Promiscuous = 0x100,
    AllMulticast = 0x200,
    LowerUp = 0x10000,
}

/// <summary>IFLA_* (linux/if_link.h).</summary>
internal enum LinkAttribute : ushort
{
    Address = 1,
    Name = 3,
    Mtu = 4,
    Link = 5,
    Master = 10,
    ProtocolInfo = 12,
    TxQueueLength = 13,
    OperationalState = 16,
    LinkInfo = 18,
    AddressFamilySpec = 26,
    NetworkNamespaceFd = 28,
    ExtendedMask = 29,
    Promiscuity = 30,
    LinkNetworkNamespaceId = 37,
}

/// <summary>IFLA_INFO_*.</summary>
internal enum LinkInfoAttribute : ushort
{
    Kind = 1,
    Data = 2,
    PortKind = 4,
    PortData = 5,
}

/// <summary>VETH_INFO_*.</summary>
internal enum VethAttribute : ushort
{
    Peer = 1,
}

/// <summary>IFLA_BRPORT_*: attributes of a link in a bridge.</summary>
internal enum BridgePortAttribute : ushort
{
    Mode = 4,
    Isolated = 33,
}

/// <summary>IFLA_MACVLAN_*.</summary>
internal enum MacvlanAttribute : ushort
{
    Mode = 1,
}
