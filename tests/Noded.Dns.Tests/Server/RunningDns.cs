using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Api.Services;
using Noded.Testing;
using Prometheus;

namespace Noded.Dns.Tests.Server;

/// <summary>The whole server on a loopback address of its own, and a client.</summary>
internal sealed class RunningDns : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private RunningDns(ImmutableArray<IPEndPoint> upstream)
    {
        IPAddress address = LoopbackAddress.Next();
        Component = new DnsComponent(
            new DnsOptions("cluster.local", [address], Cluster.Ranges, "/nonexistent") { Port = 0, AddsAddresses = false },
            Source, new DnsMetrics(Registry), Clock, NullLoggerFactory.Instance, () => upstream);
        _running = Component.RunAsync(_stop.Token);
    }

    public DnsComponent Component { get; }

    public Cluster.Source Source { get; } = new();

    public TestClock Clock { get; } = new();

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public IPEndPoint Address { get; private set; } = null!; // set by StartAsync

    /// <summary>Starts it, with the whole cluster's state unless another one is given.</summary>
    public static async Task<RunningDns> StartAsync(
        CancellationToken cancellationToken, ServiceSourceChange.Snapshot? state = null, params ImmutableArray<IPEndPoint> upstream)
    {
        RunningDns dns = new(upstream);
        Task listening = dns.Component.Listening;
        await (await Task.WhenAny(listening, dns._running)).WaitAsync(cancellationToken);
        dns.Address = (await dns.Component.Listening)[0];
        dns.Source.Say(state ?? Cluster.State);
        while (await dns.AskAsync("gone.default.svc.cluster.local.", "A", cancellationToken) is { Code: "SERVFAIL" })
        {
        }

        return dns;
    }

    public async Task<DnsMessage> AskAsync(
        string name, string type, CancellationToken cancellationToken, int? edns = null) =>
        await AskAsync(DnsMessage.Query(name, type, edns), cancellationToken);

    public async Task<DnsMessage> AskAsync(byte[] query, CancellationToken cancellationToken)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(Address, cancellationToken);
        await socket.SendAsync(query, SocketFlags.None, cancellationToken);
        byte[] answer = new byte[4096];
        Task<int> receiving = socket.ReceiveAsync(answer, SocketFlags.None, cancellationToken).AsTask();
        if (await Task.WhenAny(receiving, _running) == _running)
        {
            // It has failed: no answer will come.
            await _running;
        }

        return new DnsMessage(answer.AsSpan(0, await receiving));
    }

    public async Task<TcpAsker> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Address, cancellationToken);
        return new TcpAsker(socket);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _stop.Dispose();
    }
}

/// <summary>One connection to the server.</summary>
internal sealed class TcpAsker(Socket socket) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    public async Task SendAsync(byte[] query, CancellationToken cancellationToken) =>
        await _stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], cancellationToken);

    public async Task SendRawAsync(byte[] bytes, CancellationToken cancellationToken) =>
        await _stream.WriteAsync(bytes, cancellationToken);

    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Null when the server has ended the connection.</summary>
    public async Task<DnsMessage?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            byte[] prefix = new byte[2];
            if (await _stream.ReadAtLeastAsync(prefix, 2, throwOnEndOfStream: false, cancellationToken) < 2)
            {
                return null;
            }

            byte[] answer = new byte[(prefix[0] << 8) | prefix[1]];
            await _stream.ReadExactlyAsync(answer, cancellationToken);
            return new DnsMessage(answer);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _stream.Dispose();
}
