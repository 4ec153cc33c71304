using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Noded.Dns.Tests.Forwarding;

/// <summary>An upstream resolver on the loopback address that answers as a test says, over UDP and TCP.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<DnsMessage> _asked = Channel.CreateUnbounded<DnsMessage>();
    private readonly Task _serving;
    private int _queries;

    public FakeUpstream()
    {
        _udp.Bind(new IPEndPoint(LoopbackAddress.Next(), 0));
        _tcp.Bind(_udp.LocalEndPoint!);
        _tcp.Listen();
        _serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    public IPEndPoint Address => (IPEndPoint)_udp.LocalEndPoint!;

    public int Queries => Volatile.Read(ref _queries);

    /// <summary>The datagrams that a query gets; none for silence.</summary>
    public Func<byte[], byte[][]> OverUdp { get; set; } = query => [DnsMessage.Answer(query, [])];

    /// <summary>The messages that a query gets over TCP; null ends the connection.</summary>
    public Func<byte[], byte[]?> OverTcp { get; set; } = _ => null;

    public async Task<DnsMessage> WaitForQueryAsync(CancellationToken cancellationToken) =>
        await _asked.Reader.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _serving.ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
    }

    private void Count(byte[] query)
    {
        Interlocked.Increment(ref _queries);
        _asked.Writer.TryWrite(new DnsMessage(query));
    }

    private async Task ServeUdpAsync()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            SocketReceiveFromResult received = await _udp.ReceiveFromAsync(
                buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            byte[] query = buffer[..received.ReceivedBytes];
            Count(query);
            foreach (byte[] answer in OverUdp(query))
            {
                await _udp.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _stop.Token);
            }
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            using Socket client = await _tcp.AcceptAsync(_stop.Token);
            await using NetworkStream stream = new(client);
            byte[] prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, _stop.Token);
            byte[] query = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(query, _stop.Token);
            Count(query);
            if (OverTcp(query) is { } answer)
            {
                await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer], _stop.Token);
            }
        }
    }
}
