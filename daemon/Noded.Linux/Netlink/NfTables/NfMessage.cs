using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.NfTables;

/// <summary>struct nfgenmsg: the fixed part of every netfilter message (linux/netfilter/nfnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetfilterHeader
{
    internal byte Family;
    internal byte Version;

    /// <summary>In network order.</summary>
    internal ushort ResourceId;
}

/// <summary>NFT_MSG_* in the kernel's subsystem for nf_tables (NFNL_SUBSYS_NFTABLES is 10).</summary>
internal static class NfMessage
{
    internal const byte Subsystem = 10;

    internal const ushort BatchBegin = 0x10;
    internal const ushort BatchEnd = 0x11;

    internal const ushort NewTable = (Subsystem << 8) + 0;
    internal const ushort GetTable = (Subsystem << 8) + 1;
    internal const ushort DeleteTable = (Subsystem << 8) + 2;
    internal const ushort NewChain = (Subsystem << 8) + 3;
    internal const ushort GetChain = (Subsystem << 8) + 4;
    internal const ushort DeleteChain = (Subsystem << 8) + 5;
    internal const ushort NewRule = (Subsystem << 8) + 6;
    internal const ushort DeleteRule = (Subsystem << 8) + 8;
    internal const ushort NewSet = (Subsystem << 8) + 9;
    internal const ushort DeleteSet = (Subsystem << 8) + 11;
    internal const ushort NewElement = (Subsystem << 8) + 12;
    internal const ushort GetElement = (Subsystem << 8) + 13;
    internal const ushort DeleteElement = (Subsystem << 8) + 14;
    internal const ushort NewGeneration = (Subsystem << 8) + 15;
    internal const ushort GetGeneration = (Subsystem << 8) + 16;

    internal static NetlinkMessageBuilder Create(ushort type, NfFamily family, NetlinkFlags flags) =>
        new NetlinkMessageBuilder(type, flags).Header(new NetfilterHeader { Family = (byte)family });
}
