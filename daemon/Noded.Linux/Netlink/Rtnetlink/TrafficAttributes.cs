using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>struct tcmsg: the fixed part of queueing disciplines' and filters' messages (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TrafficHeader
{
    internal byte Family;
    internal byte Pad1;
    internal ushort Pad2;
    internal int Index;
    internal uint Handle;
    internal uint Parent;

    /// <summary>Of filters: the priority above, the protocol in network order below.</summary>
    internal uint Info;
}

/// <summary>struct tc_ratespec (linux/pkt_sched.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RateSpecification
{
    internal byte CellLog;
    internal byte LinkLayer;
    internal ushort Overhead;
    internal short CellAlign;
    internal ushort MinimumPacketUnit;

    /// <summary>Bytes per second; all ones when it needs 64 bits, which are an attribute then.</summary>
    internal uint Rate;
}

/// <summary>struct tc_tbf_qopt.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenBucketParameters
{
    internal RateSpecification Rate;
    internal RateSpecification PeakRate;
    internal uint Limit;
    internal uint Buffer;
    internal uint Mtu;
}

/// <summary>struct tc_u32_sel with one key (linux/pkt_cls.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U32Selector
{
    internal byte Flags;
    internal byte OffsetShift;
    internal byte KeyCount;
    internal byte Pad;
    internal ushort OffsetMask;
    internal ushort Offset;
    internal short OffsetOffset;
    internal short HashOffset;
    internal uint HashMask;
    internal uint KeyMask;
    internal uint KeyValue;
    internal int KeyOffset;
    internal int KeyOffsetMask;
}

/// <summary>struct tc_mirred (linux/tc_act/tc_mirred.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MirrorParameters
{
    internal uint Index;
    internal uint Capabilities;

    /// <summary>What becomes of the packet (TC_ACT_*).</summary>
    internal int Verdict;
    internal int References;
    internal int Bindings;

    /// <summary>TCA_EGRESS_REDIR and the like.</summary>
    internal int Direction;
    internal int LinkIndex;
}

/// <summary>TCA_*.</summary>
internal enum TrafficAttribute : ushort
{
    Kind = 1,
    Options = 2,
}

/// <summary>TCA_TBF_*.</summary>
internal enum TokenBucketAttribute : ushort
{
    Parameters = 1,
    Rate64 = 4,
    Burst = 6,
}

/// <summary>TCA_U32_*.</summary>
internal enum U32Attribute : ushort
{
    Selector = 5,
    Actions = 7,
}

/// <summary>TCA_BPF_*.</summary>
internal enum BpfFilterAttribute : ushort
{
    Descriptor = 6,
    Name = 7,
    Flags = 8,
}

/// <summary>Actions in their order.</summary>
internal enum ActionOrder : ushort
{
    First = 1,
}

/// <summary>TCA_ACT_*.</summary>
internal enum ActionAttribute : ushort
{
    Kind = 1,
    Options = 2,
}

/// <summary>TCA_MIRRED_*.</summary>
internal enum MirrorAttribute : ushort
{
    Parameters = 2,
}
