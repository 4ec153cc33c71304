using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Noded.Api.Services;
using Noded.Bpf;
using Noded.Linux.Events;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.HealthCheck;
using Noded.ServiceProxy.Inspection;
using Noded.ServiceProxy.Reconciler;
using Noded.ServiceProxy.Reflectors;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy;

/// <summary>
/// The service proxy as the supervisor runs it: takes over what is pinned, reads its sources, and keeps the maps as they
/// say. When it ends, programs and maps stay and go on serving.
/// </summary>
public sealed partial class ServiceProxyComponent(
    ServiceProxyOptions options,
    ImmutableArray<IServiceSource> sources,
    IPodNetworks pods,
    FdReactor reactor,
    ServiceProxyMetrics metrics,
    TimeProvider clock,
    ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<ServiceProxyComponent>();

    // Bounded: a source that is faster than the maps has to wait.
    private readonly Channel<ProxyWork> _work =
        Channel.CreateBounded<ProxyWork>(new BoundedChannelOptions(1024) { SingleReader = true });

    private readonly Channel<string> _synced = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private volatile FlowWatch? _flows;

    /// <summary>Something arrives after each sync with news; only the latest waits.</summary>
    public ChannelReader<string> Synced => _synced.Reader;

    /// <summary>Whether programs are attached and the data path has been brought to what the sources say at least once.</summary>
    public bool IsReady { get; private set; }

    /// <summary>The Services as they are in the data path now.</summary>
    /// <exception cref="IOException">The component has ended.</exception>
    public async Task<ImmutableArray<ServiceView>> DescribeAsync(CancellationToken cancellationToken)
    {
        ProxyWork.Question question = new();
        try
        {
            await _work.Writer.WriteAsync(question, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new IOException("show the Services: the service proxy has ended", e);
        }

        return await question.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Connections and datagrams to Services from now on, until the component ends.</summary>
    /// <param name="sample">One of so many translated ones is told, at least 1; what was refused or dropped always.</param>
    /// <exception cref="IOException">The component does not run.</exception>
    public IAsyncEnumerable<FlowEvent> WatchFlowsAsync(uint sample, CancellationToken cancellationToken) =>
        _flows?.WatchAsync(sample, cancellationToken)
        ?? throw new IOException("watch flows: the service proxy does not run");

    /// <summary>The node's addresses where its ports answer, as they are now.</summary>
    /// <exception cref="IOException">The kernel does not list them.</exception>
    public static IReadOnlySet<IPAddress> ReadLocalAddresses() => Uplinks.ReadLocalAddresses();

    /// <summary>Takes programs, maps and rules of a node off the machine, for reset.</summary>
    public static void Remove(string pins)
    {
        PacketDatapath.Remove(pins);
        SocketDatapath.RemovePins(pins);
        new MarkRules(TableOf(pins)).Remove();
    }

    /// <exception cref="IOException">Programs or maps cannot be loaded, pinned or attached; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using SocketDatapath datapath = SocketDatapath.OpenMaps(options.Pins, options.Datapath);
        using GraceBarrier barrier = new();
        ServiceChangeTracker tracker = new(options.Node);
        ServiceTables tables = new(datapath.Maps, barrier.Wait);
        using StaleSockets stale =
            new(datapath.Maps, datapath.OpenUdpConnections(), options.SocketNamespace, metrics, _logger);
        ServiceReconciler reconciler = new(tracker, tables, stale, loggers.CreateLogger<ServiceReconciler>());
        using HealthCheckServer health = new(clock, loggers.CreateLogger<HealthCheckServer>());
        await using FlowWatch flows = new(datapath.Maps, reactor, clock);
        _flows = flows;
        metrics.Snapshot = () => Snapshot(datapath.Maps, tables, reconciler);
        int adopted = tables.Adopted;
        TaskCompletionSource attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // The tables are filled while the kernel verifies the programs.
            await RunTogetherAsync(
                stop => ServeAsync(datapath, adopted, attached, stop),
                stop => ReconcileAsync(
                    tracker, reconciler, new ServiceInspector(reconciler, tables), health, attached.Task, stop),
                cancellationToken);
        }
        finally
        {
            metrics.Snapshot = null;
            _flows = null;
        }
    }

    /// <summary>Attaches the programs, and keeps them on the links that there are.</summary>
    private async Task ServeAsync(
        SocketDatapath datapath, int adopted, TaskCompletionSource attached, CancellationToken cancellationToken)
    {
        // On a thread of its own: it must not keep the one that fills the tables waiting.
        await Task.Factory.StartNew(
            datapath.Load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using PacketDatapath? packets = options.AttachesToLinks ? OpenPackets() : null;
        LinkAttachments? attachments = packets is null ? null : new LinkAttachments(datapath.Maps, packets, _logger);
        NodeClient node = new(datapath.Maps);
        node.Write(Uplinks.ReadLocalAddresses());

        // Sockets first: when the kernel refuses there, no link has got a program either.
        datapath.Attach(options.Cgroup);
        LinkWatcher links = new(node, attachments, pods, options.PodCidrs);
        links.UpdateLinks();
        LogAttached(options.Cgroup, attachments?.Count ?? 0, adopted);
        attached.SetResult();
        await links.RunAsync(cancellationToken);
    }

    /// <summary>One of them alone would be half a proxy: the first to end ends the other.</summary>
    private static async Task RunTogetherAsync(
        Func<CancellationToken, Task> one, Func<CancellationToken, Task> other, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] both = [one(stop.Token), other(stop.Token)];
        Task first = await Task.WhenAny(both);
        await stop.CancelAsync();
        await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private static string TableOf(string pins) => $"{Path.GetFileName(pins)}-services";

    private PacketDatapath OpenPackets() => PacketDatapath.Open(
        options.Pins, EnsureRules() ? MarkRules.Marks : new PacketMarks(), FeatureProbe.BestLinkHook());

    /// <returns>False when this kernel has no such rules: what nobody serves is dropped then, and a pod that is its own
    /// backend or a client outside whose backend is on another node gets no answer.</returns>
    private bool EnsureRules()
    {
        try
        {
            new MarkRules(TableOf(options.Pins)).Ensure();
            return true;
        }
        catch (IOException e)
        {
            LogNoRules(e.Message);
            return false;
        }
    }

    private async Task ReconcileAsync(
        ServiceChangeTracker tracker,
        ServiceReconciler reconciler,
        ServiceInspector inspector,
        HealthCheckServer health,
        Task attached,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] pumps = [.. sources.Select(source => PumpAsync(source, stop.Token))];
        Dictionary<string, SourceState> states = sources.ToDictionary(source => source.Name, _ => new SourceState(tracker));
        try
        {
            while (await _work.Reader.WaitToReadAsync(cancellationToken))
            {
                long start = clock.GetTimestamp();
                bool hasNews = false;
                while (_work.Reader.TryRead(out ProxyWork? work))
                {
                    switch (work)
                    {
                        case ProxyWork.News news:
                            states[news.Source].Apply(news.Change);
                            CountChange(news.Change);
                            hasNews = true;
                            break;
                        case ProxyWork.Question question:
                            question.Answer.TrySetResult(inspector.Describe());
                            break;
                        default:
                            throw new UnreachableException($"Unhandled {work.GetType().Name}.");
                    }
                }

                if (hasNews && states.Values.All(state => state.HasSynced))
                {
                    Sync(reconciler, start);
                    await attached.WaitAsync(cancellationToken);
                    IsReady = true;
                    health.Update(ServiceHealth.Compute(reconciler.Plans.Values.SelectMany(plans => plans)));
                    _synced.Writer.TryWrite("synced");
                }
            }
        }
        finally
        {
            _work.Writer.TryComplete();
            await stop.CancelAsync();
            await Task.WhenAll(pumps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_work.Reader.TryRead(out ProxyWork? work))
            {
                (work as ProxyWork.Question)?.Answer.TrySetException(new IOException("show the Services: the service proxy has ended"));
            }
        }
    }

    private void Sync(ServiceReconciler reconciler, long start)
    {
        int count = reconciler.Sync();
        TimeSpan duration = clock.GetElapsedTime(start);
        metrics.SyncDuration.Observe(duration.TotalSeconds);
        metrics.NetworkProgramming.Observe(duration.TotalSeconds);
        metrics.LastSync.Set(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1e3);
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

    private async Task PumpAsync(IServiceSource source, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (ServiceSourceChange change in source.WatchAsync(cancellationToken))
            {
                await _work.Writer.WriteAsync(new ProxyWork.News(source.Name, change), cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Ends the component, whose supervisor makes another; the data path serves meanwhile.
            _work.Writer.TryComplete(e);
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

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "Services are translated in {Cgroup} and at {Links} links; {Adopted} taken over")]
    private partial void LogAttached(string cgroup, int links, int adopted);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Debug, Message = "{Count} Services brought to the data path in {Duration}")]
    private partial void LogSynced(int count, TimeSpan duration);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "Packets of Services cannot be masqueraded or refused: {Error}")]
    private partial void LogNoRules(string error);
}
