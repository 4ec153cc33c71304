namespace Noded.Linux.Netlink;

/// <summary>nlmsg_flags of a request (linux/netlink.h); the socket adds REQUEST and ACK itself.</summary>
[Flags]
internal enum NetlinkFlags : ushort
{
    None = 0,
    Request = 0x1,
    Ack = 0x4,

    Replace = 0x100,
    Exclusive = 0x200,
    Create = 0x400,
    Append = 0x800,

    /// <summary>ROOT and MATCH: everything there is.</summary>
    Dump = 0x300,
}

/// <summary>nlmsg_flags of what the kernel sends; their numbers overlap with those of requests.</summary>
[Flags]
internal enum NetlinkReplyFlags : ushort
{
    None = 0,
    DumpInterrupted = 0x10,

    /// <summary>In an acknowledgement: the request is not echoed, its header alone.</summary>
    Capped = 0x100,

    /// <summary>In an acknowledgement: extended attributes follow.</summary>
    AckAttributes = 0x200,
}
