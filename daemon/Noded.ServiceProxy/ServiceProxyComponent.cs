using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Noded.Api.Services;
using Noded.Bpf;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.HealthCheck;
using Noded.ServiceProxy.Reconciler;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy;

/// <summary>
/// The service proxy as the supervisor runs it: takes over what is pinned, reads its sources, and keeps the maps as they
/// say. When it ends, programs and maps stay and go on serving.
/// </summary>
public sealed partial class ServiceProxyComponent(
    ServiceProxyOptions options,
    ImmutableArray<IServiceSource> sources,
    ServiceProxyMetrics metrics,
    TimeProvider clock,
    ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<ServiceProxyComponent>();
    private readonly Channel<string> _synced = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Something arrives after each sync with news; only the latest waits.</summary>
    public ChannelReader<string> Synced => _synced.Reader;

    /// <summary>Whether the data path has been brought to what the sources say at least once.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Takes programs, maps and rules of a node off the machine, for reset.</summary>
    public static void Remove(string pins)
    {
        SocketDatapath.RemovePins(pins);
        MarkRules.Remove();
    }

    /// <exception cref="IOException">Programs or maps cannot be loaded, pinned or attached; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using SocketDatapath datapath = SocketDatapath.Open(options.Pins, options.Datapath);
        using GraceBarrier barrier = new();
        ServiceChangeTracker tracker = new(options.Node);
        ServiceTables tables = new(datapath.Maps, barrier.Wait);
        ServiceReconciler reconciler = new(tracker, tables, loggers.CreateLogger<ServiceReconciler>());
        using NodeClient client = new(datapath.Maps);
        client.Write();
        datapath.Attach(options.Cgroup);
        using PacketDatapath? packets = AttachUplinks();
        using HealthCheckServer health = new(clock, loggers.CreateLogger<HealthCheckServer>());
        LogAttached(options.Cgroup, tables.Adopted);
        metrics.Snapshot = () => Snapshot(datapath.Maps, tables, reconciler);
        try
        {
            await ReconcileAsync(tracker, reconciler, health, cancellationToken);
        }
        finally
        {
            metrics.Snapshot = null;
        }
    }

    /// <returns>Null when nothing comes from outside, or this kernel cannot translate it.</returns>
    private PacketDatapath? AttachUplinks()
    {
        if (options.Uplinks.IsEmpty)
        {
            return null;
        }

        if (!FeatureProbe.HasTcx())
        {
            LogNoTcx();
            return null;
        }

        MarkRules.Ensure();
        PacketDatapath packets = PacketDatapath.Open(options.Pins, new PacketMarks(MarkRules.Masquerade));
        try
        {
            using RtNetlink netlink = RtNetlink.Open();
            foreach (string uplink in options.Uplinks)
            {
                packets.AttachUplink(netlink.GetLink(uplink).Index);
            }

            return packets;
        }
        catch
        {
            packets.Dispose();
            throw;
        }
    }

    private async Task ReconcileAsync(
        ServiceChangeTracker tracker,
        ServiceReconciler reconciler,
        HealthCheckServer health,
        CancellationToken cancellationToken)
    {
        // Bounded: a source that is faster than the maps has to wait.
        Channel<(string Source, ServiceSourceChange Change)> news =
            Channel.CreateBounded<(string, ServiceSourceChange)>(new BoundedChannelOptions(1024) { SingleReader = true });
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] pumps = [.. sources.Select(source => PumpAsync(source, news.Writer, stop.Token))];
        Dictionary<string, SourceState> states = sources.ToDictionary(source => source.Name, _ => new SourceState(tracker));
        try
        {
            while (await news.Reader.WaitToReadAsync(cancellationToken))
            {
                long start = clock.GetTimestamp();
                while (news.Reader.TryRead(out (string Source, ServiceSourceChange Change) item))
                {
                    states[item.Source].Apply(item.Change);
                    CountChange(item.Change);
                }

                if (states.Values.All(state => state.HasSynced))
                {
                    Sync(reconciler, start);
                    health.Update(ServiceHealth.Compute(reconciler.Plans.Values.SelectMany(plans => plans)));
                    _synced.Writer.TryWrite("synced");
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(pumps).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Sync(ServiceReconciler reconciler, long start)
    {
        int count = reconciler.Sync();
        TimeSpan duration = clock.GetElapsedTime(start);
        metrics.SyncDuration.Observe(duration.TotalSeconds);
        metrics.NetworkProgramming.Observe(duration.TotalSeconds);
        metrics.LastSync.Set(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1e3);
        IsReady = true;
        LogSynced(count, duration);
    }

    private void CountChange(ServiceSourceChange change)
    {
        switch (change)
        {
            case ServiceSourceChange.Snapshot snapshot:
                metrics.ServiceChanges.Inc(snapshot.Services.Length);
                metrics.EndpointChanges.Inc(snapshot.Slices.Length);
                break;
            case ServiceSourceChange.Service:
                metrics.ServiceChanges.Inc();
                break;
            case ServiceSourceChange.Slice:
                metrics.EndpointChanges.Inc();
                break;
            default:
                throw new UnreachableException($"Unhandled {change.GetType().Name}.");
        }
    }

    private static async Task PumpAsync(
        IServiceSource source,
        ChannelWriter<(string Source, ServiceSourceChange Change)> news,
        CancellationToken cancellationToken)
    {
        try
        {
            await foreach (ServiceSourceChange change in source.WatchAsync(cancellationToken))
            {
                await news.WriteAsync((source.Name, change), cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Ends the component, whose supervisor starts it again; the data path serves meanwhile.
            news.TryComplete(e);
        }
    }

    private static MapUse Snapshot(ServiceMaps maps, ServiceTables tables, ServiceReconciler reconciler) => new(
        [
            ("frontends", tables.FrontendsUsed, maps.Frontends.Length),
            ("backends", tables.BackendsUsed, maps.Backends.Length),
            ("slots", tables.SlotsUsed, maps.Slots.Length),
        ],
        reconciler.Unfinished,
        [.. Enumerable.Range(0, (int)maps.Counters.Length).Select(i => Volatile.Read(ref maps.Counters[(uint)i]))]);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "Services are translated in {Cgroup}; {Adopted} taken over")]
    private partial void LogAttached(string cgroup, int adopted);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Debug, Message = "{Count} Services brought to the data path in {Duration}")]
    private partial void LogSynced(int count, TimeSpan duration);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "This kernel has no tcx (6.6): Services are not reached from outside")]
    private partial void LogNoTcx();
}
