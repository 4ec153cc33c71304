using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Noded.Kubelet.Streams;

namespace Noded.Kubelet.Tests.Streams;

/// <summary>The frames themselves; that a runtime understands them is what the tests of <c>noded exec</c> show.</summary>
public sealed class SpdyConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenAsync_TwoStreams_AreOddAndOneCompression()
    {
        (SpdyConnection connection, Stream server) = Connect();
        await using (connection)
        {
            Assert.Equal(1, await connection.OpenAsync("streamtype", "error", Token));
            Assert.Equal(3, await connection.OpenAsync("streamtype", "stdout", Token));
            await connection.SendAsync(3, "hello"u8.ToArray(), isLast: true, Token);
        }

        byte[] sent = await ReadAllAsync(server);
        byte[] first = Take(ref sent, 0x80030001, 0);
        byte[] second = Take(ref sent, 0x80030001, 0);
        Assert.Equal((1, 3), (BinaryPrimitives.ReadInt32BigEndian(first), BinaryPrimitives.ReadInt32BigEndian(second)));
        Assert.Equal("hello", Encoding.ASCII.GetString(Take(ref sent, 3, 1)));
        Assert.Empty(sent);
        using ZLibStream blocks = new(new MemoryStream([.. first[10..], .. second[10..]]), CompressionMode.Decompress);
        byte[] plain = new byte[4 + 4 + 10 + 4 + 5 + 4 + 4 + 10 + 4 + 6];
        await blocks.ReadExactlyAsync(plain, Token);
        Assert.Equal(
            "\0\0\0\u0001\0\0\0\nstreamtype\0\0\0\u0005error\0\0\0\u0001\0\0\0\nstreamtype\0\0\0\u0006stdout",
            Encoding.ASCII.GetString(plain));
    }

    [Fact]
    public async Task ReadAsync_ControlFramesBetween_AreAnsweredOrPassedOver()
    {
        (SpdyConnection connection, Stream server) = Connect();
        byte[] ping = Frame(0x80030006, 0, [0, 0, 0, 7]);
        await server.WriteAsync(
            (byte[])[.. Frame(0x80030002, 0, [0, 0, 0, 1]), .. ping, .. Frame(5, 1, "abc"u8.ToArray()), .. Frame(0x80030007, 0, [])], Token);

        SpdyFrame? data = await connection.ReadAsync(Token);
        Assert.Equal((5, true, "abc"), (data?.Stream, data?.IsLast, Encoding.ASCII.GetString(data!.Value.Bytes.Span)));
        Assert.Null(await connection.ReadAsync(Token));
        await connection.DisposeAsync();
        Assert.Equal(ping, await ReadAllAsync(server));
    }

    [Fact]
    public async Task ReadAsync_StreamIsReset_IsItsEnd()
    {
        (SpdyConnection connection, Stream server) = Connect();
        await server.WriteAsync(Frame(0x80030003, 0, [0, 0, 0, 3, 0, 0, 0, 5]), Token);

        SpdyFrame? data = await connection.ReadAsync(Token);

        Assert.Equal((3, true, 0), (data?.Stream, data?.IsLast, data?.Bytes.Length));
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_RandomBytes_IsDataOrAnEnd()
    {
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            (SpdyConnection connection, Stream server) = Connect();
            await server.WriteAsync(bytes, Token);
            await server.DisposeAsync();
            try
            {
                while (await connection.ReadAsync(Token) is { } data)
                {
                    Assert.InRange(data.Bytes.Length, 0, bytes.Length);
                }
            }
            catch (IOException)
            {
                // Cut off.
            }

            await connection.DisposeAsync();
        }
    }

    private static (SpdyConnection Connection, Stream Server) Connect()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!); // bound, so it has one
        return (new SpdyConnection(new NetworkStream(client, ownsSocket: true)), new NetworkStream(listener.Accept(), ownsSocket: true));
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all, Token);
        return all.ToArray();
    }

    private static byte[] Frame(uint first, byte flags, byte[] content)
    {
        byte[] frame = new byte[8 + content.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, first);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), ((uint)flags << 24) | (uint)content.Length);
        content.CopyTo(frame, 8);
        return frame;
    }

    private static byte[] Take(ref byte[] sent, uint first, byte flags)
    {
        Assert.Equal(first, BinaryPrimitives.ReadUInt32BigEndian(sent));
        uint second = BinaryPrimitives.ReadUInt32BigEndian(sent.AsSpan(4));
        Assert.Equal(flags, (byte)(second >> 24));
        int end = 8 + (int)(second & 0xff_ffff);
        byte[] content = sent[8..end];
        sent = sent[end..];
        return content;
    }
}
