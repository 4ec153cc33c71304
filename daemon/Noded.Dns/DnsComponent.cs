using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Noded.Api.Services;
using Noded.Dns.Forwarding;
using Noded.Dns.Records;
using Noded.Dns.Server;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Dns;

/// <summary>
/// The cluster's DNS server as the supervisor runs it: records from Services and EndpointSlices, everything else from the
/// machine's resolvers, over UDP and TCP on addresses of the loopback link.
/// </summary>
public sealed partial class DnsComponent
{
    /// <summary>CoreDNS's as kubeadm sets it up.</summary>
    private static readonly TimeSpan CacheLimit = TimeSpan.FromSeconds(30);

    private const int ReceiveBuffer = 1024 * 1024;
    private const int Backlog = 256;

    private readonly DnsOptions _options;
    private readonly IServiceSource _source;
    private readonly DnsMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Func<ImmutableArray<IPEndPoint>> _upstream;
    private readonly TaskCompletionSource<ImmutableArray<IPEndPoint>> _listening =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DnsComponent(
        DnsOptions options, IServiceSource source, DnsMetrics metrics, TimeProvider clock, ILoggerFactory loggers)
        : this(options, source, metrics, clock, loggers, new UpstreamServers(options.Addresses).Current)
    {
    }

    /// <param name="upstream">The resolvers to ask for what is not the cluster's.</param>
    internal DnsComponent(
        DnsOptions options,
        IServiceSource source,
        DnsMetrics metrics,
        TimeProvider clock,
        ILoggerFactory loggers,
        Func<ImmutableArray<IPEndPoint>> upstream)
    {
        _options = options;
        _source = source;
        _metrics = metrics;
        _clock = clock;
        _logger = loggers.CreateLogger<DnsComponent>();
        _upstream = upstream;
    }

    /// <summary>Where it answers, once it does.</summary>
    internal Task<ImmutableArray<IPEndPoint>> Listening => _listening.Task;

    /// <summary>Takes the server's addresses off the loopback link, for reset.</summary>
    /// <param name="marker">Of <see cref="DnsOptions"/>.</param>
    public static void Remove(string marker) => new LoopbackAddresses(marker, () => RtNetlink.Open()).Remove();

    /// <exception cref="IOException">An address cannot be added.</exception>
    /// <exception cref="SocketException">An address is in use, or a socket is broken.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_options.AddsAddresses)
        {
            new LoopbackAddresses(_options.Marker, () => RtNetlink.Open()).Ensure(_options.Addresses);
        }

        ClusterZone zone = new(_options.Domain.TrimEnd('.').ToLowerInvariant(), _options.Addresses, _options.ReverseRanges);
        ClusterRecords records = new(zone, _clock);
        ResponseCache cache = new(CacheLimit, _clock);
        _metrics.Begin(zone.Domain + ".");
        _metrics.CacheSize = () => cache.Count;
        QueryHandler handler = new(
            new ClusterAnswers(zone, records), cache, new Forwarder(_upstream, _metrics, NextId, _clock), _metrics, _clock);

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> tasks = [FollowAsync(new RecordUpdater(records), stop.Token)];
        try
        {
            tasks.AddRange(Listen(handler, stop.Token));
            await await Task.WhenAny(tasks);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(tasks).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _metrics.CacheSize = null;
        }
    }

    private static ushort NextId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);

    /// <summary>Binds all sockets, so that the server is there in full or not at all, and serves them.</summary>
    private List<Task> Listen(QueryHandler handler, CancellationToken cancellationToken)
    {
        List<(Socket Udp, Socket Tcp)> sockets = [];
        try
        {
            foreach (IPAddress address in _options.Addresses)
            {
                sockets.Add(Bind(address));
            }
        }
        catch
        {
            foreach ((Socket udp, Socket tcp) in sockets)
            {
                udp.Dispose();
                tcp.Dispose();
            }

            throw;
        }

        ImmutableArray<IPEndPoint> endpoints = [.. sockets.Select(pair => (IPEndPoint)pair.Udp.LocalEndPoint!)];
        string addresses = string.Join(", ", endpoints);
        LogListening(_options.Domain, addresses);
        List<Task> servers = [];
        foreach ((Socket udp, Socket tcp) in sockets)
        {
            servers.Add(new UdpServer(udp, handler, _logger).RunAsync(cancellationToken));
            servers.Add(new TcpServer(tcp, handler, new TcpLimits(), _clock, _logger).RunAsync(cancellationToken));
        }

        _listening.TrySetResult(endpoints);
        return servers;
    }

    private (Socket Udp, Socket Tcp) Bind(IPAddress address)
    {
        Socket udp = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        Socket tcp = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            udp.ReceiveBufferSize = ReceiveBuffer;
            udp.Bind(new IPEndPoint(address, _options.Port));
            tcp.Bind(udp.LocalEndPoint!);
            tcp.Listen(Backlog);
            return (udp, tcp);
        }
        catch (SocketException e)
        {
            udp.Dispose();
            tcp.Dispose();
            throw new IOException($"Listen on {address} port {_options.Port}: {e.Message}", e);
        }
    }

    private async Task FollowAsync(RecordUpdater updater, CancellationToken cancellationToken)
    {
        await foreach (ServiceSourceChange change in _source.WatchAsync(cancellationToken))
        {
            int count = updater.Apply(change);
            LogApplied(count);
        }
    }

    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "Names of {Domain} are answered on {Addresses}")]
    private partial void LogListening(string domain, string addresses);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Debug, Message = "Names of {Count} Services may have changed")]
    private partial void LogApplied(int count);
}
