using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>struct ifaddrmsg: the fixed part of address messages (linux/if_addr.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressHeader
{
    internal byte Family;
    internal byte PrefixLength;
    internal byte Flags;
    internal byte Scope;
    internal int Index;
}

/// <summary>IFA_F_* (linux/if_addr.h).</summary>
[Flags]
public enum AddressFlags : uint
{
    None = 0,

    /// <summary>IPv6: usable at once, without duplicate address detection.</summary>
    NoDuplicateDetection = 0x02,

    /// <summary>IPv6: another host has it.</summary>
    DuplicateDetected = 0x08,

    /// <summary>IPv6: detection is under way; nothing can be bound to it.</summary>
    Tentative = 0x40,

    Permanent = 0x80,

    /// <summary>The kernel makes no route to the address's network.</summary>
    NoPrefixRoute = 0x200,
}

/// <summary>IFA_*.</summary>
internal enum AddressAttribute : ushort
{
    Address = 1,
    Local = 2,
    Broadcast = 4,
    Flags = 8,
}
