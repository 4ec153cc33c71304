using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Noded.Linux.Interop;
using Noded.Linux.Namespaces;

namespace Noded.Linux.Netlink.SockDiag;

/// <summary>The sockets of a network namespace (sock_diag(7)). Synchronous; not thread-safe.</summary>
public sealed class SocketTable : IDisposable
{
    // SOCK_DIAG_BY_FAMILY and SOCK_DESTROY.
    private const ushort ByFamily = 20;
    private const ushort Destroy = 21;

    private const byte Udp = 17;

    // TCP_ESTABLISHED, which a UDP socket with a peer is in, too.
    private const uint Connected = 1 << 1;

    // struct inet_diag_msg: family, state, timer and retransmissions, then struct inet_diag_sockid, then five numbers.
    private const int IdOffset = 4;
    private const int MessageLength = 72;

    private readonly NetlinkSocket _socket;

    private SocketTable(NetlinkSocket socket) => _socket = socket;

    /// <summary>Talks to the namespace given, to that of the calling thread when it is null.</summary>
    public static SocketTable Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkSocket.Open(NetlinkProtocol.SockDiag, networkNamespace));

    public void Dispose() => _socket.Dispose();

    /// <summary>The UDP sockets that have a peer.</summary>
    /// <exception cref="LinuxException">The kernel does not list UDP sockets (CONFIG_INET_UDP_DIAG).</exception>
    public IReadOnlyList<SocketEntry> GetConnectedUdp(AddressFamily family)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(ByFamily, NetlinkFlags.Dump)
            .Header(new SocketRequest { Family = NumberOf(family), Protocol = Udp, States = Connected });
        return _socket.Dump(message, Parse, "list UDP sockets that have a peer");
    }

    /// <summary>Ends a UDP socket's connection: its owner gets ECONNABORTED, also where it waits. False when it is gone.</summary>
    /// <exception cref="LinuxException">The kernel cannot (CONFIG_INET_DIAG_DESTROY), or this process may not.</exception>
    public bool TryDestroyUdp(SocketEntry entry)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(Destroy, NetlinkFlags.None)
            .Header(new SocketRequest { Family = entry.Family, Protocol = Udp, States = Connected, Id = entry.Id });

        try
        {
            _socket.Execute(message, $"end the UDP socket connected to {entry.Remote}");
            return true;
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ESTALE)
        {
            return false;
        }
    }

    internal static SocketEntry? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != ByFamily || payload.Length < MessageLength)
        {
            return null;
        }

        ReadOnlySpan<byte> id = payload[IdOffset..];
        int addressLength = payload[0] == LibC.AF_INET6 ? 16 : 4;
        IPEndPoint remote = new(
            new IPAddress(id.Slice(SocketId.RemoteAddressOffset, addressLength)),
            BinaryPrimitives.ReadUInt16BigEndian(id[SocketId.RemotePortOffset..]));
        return new SocketEntry(remote, MemoryMarshal.Read<ulong>(id[SocketId.CookieOffset..]))
        {
            Family = payload[0],
            Id = MemoryMarshal.Read<SocketId>(id),
        };
    }

    private static byte NumberOf(AddressFamily family) =>
        family == AddressFamily.InterNetworkV6 ? (byte)LibC.AF_INET6 : (byte)LibC.AF_INET;
}
