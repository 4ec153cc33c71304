using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.SockDiag;

/// <summary>struct inet_diag_sockid (linux/inet_diag.h); ports and addresses in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SocketId
{
    internal const int RemotePortOffset = 2;
    internal const int RemoteAddressOffset = 20;
    internal const int CookieOffset = 40;

    private readonly uint _ports;
    private readonly uint _local0;
    private readonly uint _local1;
    private readonly uint _local2;
    private readonly uint _local3;
    private readonly uint _remote0;
    private readonly uint _remote1;
    private readonly uint _remote2;
    private readonly uint _remote3;
    private readonly uint _link;
    private readonly uint _cookie0;
    private readonly uint _cookie1;
}

/// <summary>struct inet_diag_req_v2.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketRequest
{
    internal byte Family;
    internal byte Protocol;
    internal byte Extensions;
    internal byte Pad;
    internal uint States;
    internal SocketId Id;
}
