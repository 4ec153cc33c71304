using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>Much data through the sockets of an agent, so that the kernel makes large segments of it where links take them.</summary>
internal static class BulkTransfer
{
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private const int SegmentLength = 1000;

    /// <summary>A server that sends back what it gets, connection by connection.</summary>
    public static Socket Echo(IPEndPoint address)
    {
        Socket server = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(address);
        server.Listen();
        _ = AcceptAsync(server);
        return server;
    }

    /// <summary>Sends bytes that no mistake leaves as they are, and compares what comes back.</summary>
    public static async Task<string> RunAsync(int size, IPEndPoint address, TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience, TimeProvider.System);
        byte[] sent = new byte[size];
        new Random(size).NextBytes(sent);
        using TcpClient client = new(address.AddressFamily);
        await client.ConnectAsync(address, limit.Token);
        await using NetworkStream stream = client.GetStream();
        byte[] received = new byte[size];
        Task sending = stream.WriteAsync(sent, limit.Token).AsTask();
        await stream.ReadExactlyAsync(received, limit.Token);
        await sending;
        return received.AsSpan().SequenceEqual(sent) ? "ok" : "error Different";
    }

    /// <summary>Sends datagrams, by one call (UDP_SEGMENT) or by one each, and returns how many were answered.</summary>
    public static async Task<string> SendDatagramsAsync(int count, bool asOne, IPEndPoint address, TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience, TimeProvider.System);
        using Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(address, limit.Token);
        if (asOne)
        {
            socket.SetRawSocketOption(SolUdp, UdpSegment, BitConverter.GetBytes(SegmentLength));
        }

        int calls = asOne ? 1 : count;
        for (int i = 0; i < calls; i++)
        {
            await socket.SendAsync(new byte[count / calls * SegmentLength], limit.Token);
        }

        byte[] answer = new byte[64];
        for (int i = 0; i < count; i++)
        {
            await socket.ReceiveAsync(answer, limit.Token);
        }

        return count.ToString(CultureInfo.InvariantCulture);
    }

    private static async Task AcceptAsync(Socket server)
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await server.AcceptAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private static async Task EchoAsync(Socket client)
    {
        try
        {
            await using NetworkStream stream = new(client, ownsSocket: true);
            await stream.CopyToAsync(stream);
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }
}
