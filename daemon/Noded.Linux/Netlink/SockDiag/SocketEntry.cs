using System.Net;

namespace Noded.Linux.Netlink.SockDiag;

/// <summary>A socket that has a peer.</summary>
/// <param name="Remote">An IPv6 socket that speaks IPv4 has an address like ::ffff:192.0.2.1 here.</param>
/// <param name="Cookie">The kernel's number of the socket, which no other one ever gets.</param>
public sealed record SocketEntry(IPEndPoint Remote, ulong Cookie)
{
    internal byte Family { get; init; }

    internal SocketId Id { get; init; }
}
