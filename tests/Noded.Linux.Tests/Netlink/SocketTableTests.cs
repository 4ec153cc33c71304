using System.Net;
using System.Net.Sockets;
using Noded.Linux.Netlink.SockDiag;

namespace Noded.Linux.Tests.Netlink;

public sealed class SocketTableTests
{
    private const ushort ByFamily = 20;

    private static readonly byte[] V4 =
    [
        2, 1, 0, 0,                                     // AF_INET, connected
        0x9c, 0x40, 0x00, 0x35,                         // ports 40000 and 53
        10, 244, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        10, 244, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0,             // link, cookie
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    [Fact]
    public void Parse_V4_HasPeerAndCookie()
    {
        SocketEntry? entry = SocketTable.Parse(ByFamily, V4);

        Assert.Equal((IPEndPoint.Parse("10.244.2.2:53"), 0x1_0000_0007ul), (entry?.Remote, entry?.Cookie));
    }

    [Fact]
    public void Parse_V6_HasItsPeer()
    {
        byte[] message = [.. V4];
        message[0] = 10;
        IPAddress.Parse("fd00::2").GetAddressBytes().CopyTo(message, 24);

        Assert.Equal(IPEndPoint.Parse("[fd00::2]:53"), SocketTable.Parse(ByFamily, message)?.Remote);
    }

    [Fact]
    public void Parse_TooShort_IsNothing() =>
        Assert.All(Enumerable.Range(0, V4.Length), length => Assert.Null(SocketTable.Parse(ByFamily, V4.AsSpan(0, length))));

    [Theory]
    [Trait("Category", "Integration")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void TryDestroyUdp_ASocketOfOurs_IsListedEndsAndIsGone(string address)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root.");
        IPAddress loopback = IPAddress.Parse(address);
        using Socket server = new(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        using Socket client = new(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(loopback, 0));
        client.Connect(server.LocalEndPoint!); // it is bound
        using SocketTable sockets = SocketTable.Open();

        SocketEntry entry = Assert.Single(
            sockets.GetConnectedUdp(loopback.AddressFamily), socket => socket.Remote.Equals(server.LocalEndPoint));
        bool first = sockets.TryDestroyUdp(entry);
        bool second = sockets.TryDestroyUdp(entry);

        Assert.Equal((true, false), (first, second));
        Assert.Equal(
            SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
    }
}
