using System.Collections.Immutable;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Eviction;
using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Sources;
using Noded.Kubelet.Status;
using Noded.Kubelet.Streams;
using Noded.Kubelet.Volumes;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Files;
using Noded.Linux.Processes;
using Noded.Primitives;
using Prometheus;

namespace Noded.Kubelet;

/// <summary>What the kubelet shares with the rest of the process.</summary>
public sealed record KubeletServices(
    CallInvoker Runtime,
    Inotify Inotify,
    ICgroupDriver Cgroups,
    FlightRecorder Flight,
    EventRecorder Events,
    KubeletMetrics Metrics,
    TimeProvider Clock,
    Func<double> Jitter,
    ILoggerFactory Loggers);

/// <summary>The kubelet of one node: sources → sync loop → pod workers → runtime, watched by the PLEG.</summary>
public sealed class KubeletComponent : IDisposable
{
    private readonly ActivityTracker _activity = new();
    private readonly KernelLog _kernelLog = new();
    private readonly SyncLoop _syncLoop;
    private readonly RuntimeService _runtime;
    private readonly GenericPleg _genericPleg;
    private readonly EventedPleg _pleg;
    private readonly RuntimeClassFolder _classes;
    private readonly FileSource _files;
    private readonly StatusManager _statuses;
    private readonly ProbeManager _probes;
    private readonly PodLayout _layout;
    private readonly SyncInbox _inbox;
    private readonly NodeResources _capacity;
    private readonly NodeResources _allocatable;
    private readonly bool _isEnforced;
    private readonly Lazy<Task> _prepared;
    private readonly CancellationTokenSource _stopLogs = new();
    private readonly CgroupManager _cgroups;
    private readonly VolumeManager _volumes;
    private readonly IntentJournal _intents;
    private readonly EvictionManager _evictions;
    private readonly ImageGarbageCollector _imageGc;

    public KubeletComponent(KubeletOptions options, KubeletServices services)
    {
        _layout = new PodLayout(options.Paths, services.Cgroups);
        _capacity = NodeCapacity.Read(options.Paths.State);
        _allocatable = NodeAllocatable.Compute(_capacity, options.Settings.Reserved);
        _isEnforced = options.Settings.EnforceNodeAllocatable;
        _prepared = new Lazy<Task>(() => Task.Run(Prepare));
        _cgroups = new CgroupManager(
            _layout, services.Cgroups, options.Settings.Cgroups, services.Events, services.Flight, services.Metrics.Cgroups);
        ProbeRegistry = services.Metrics.ProbeRegistry;
        _intents = new IntentJournal(options.Paths.PodIntents, services.Flight);
        SyncInbox inbox = new(_activity, services.Flight);
        _inbox = inbox;
        RuntimeService runtime = _runtime = new RuntimeService(
            services.Runtime,
            services.Metrics.Runtime,
            services.Clock,
            new RuntimeOptions(
                options.Settings.Cgroups with { KillsTogether = services.Cgroups.IsUnified && !options.Settings.SingleProcessOomKill },
                _layout.Seccomp, options.Settings.SeccompDefault)
            {
                RequestTimeout = options.Settings.RuntimeRequestTimeout,
            },
            new OutOfMemoryKills(_kernelLog.ReadNew, services.Flight));
        ContainerIndex index = new();
        _genericPleg = new GenericPleg(
            runtime, index, inbox, services.Metrics.Pleg, services.Clock, services.Loggers.CreateLogger<GenericPleg>());
        _pleg = new EventedPleg(
            new OfferedEvents(new ContainerdEvents(services.Runtime), new CriEvents(services.Runtime)), _genericPleg, index, inbox, services.Metrics.Pleg,
            services.Flight, services.Clock, services.Loggers.CreateLogger<EventedPleg>());
        _statuses = new StatusManager(options.HostIp, new TerminationMessages(_layout), services.Flight, services.Clock);
        _classes = new RuntimeClassFolder(options.Paths.RuntimeClasses);
        _files = new FileSource(
            options.Settings.StaticPodPath ?? options.Paths.Manifests, _classes, options.Settings.FileCheckFrequency,
            new StaticPodManifests(options.NodeName, _classes, services.Clock).Read, inbox, services.Inotify, services.Events, _activity, services.Clock,
            services.Loggers.CreateLogger<FileSource>());
        string imageDirectory = options.Paths.ContainerdRoot;
        _imageGc = new ImageGarbageCollector(
            options.Settings.ImageGc,
            runtime,
            runtime,
            () => DiskOf(imageDirectory),
            [BuiltInImages.PauseReference],
            new ImageGcServices(
                services.Events, services.Flight, services.Metrics.Images, services.Clock,
                services.Loggers.CreateLogger<ImageGarbageCollector>()));
        _evictions = new EvictionManager(
            options.Settings.Eviction,
            new NodeStats(runtime, _layout, _capacity, _allocatable, imageDirectory),
            () => _statuses.Reports.Values,
            _imageGc.RemoveUnusedAsync,
            (uid, failure) => inbox.Post(new SyncEvent.PodEvicted(uid, failure)),
            new EvictionServices(
                // Its look is all that an idle node does again and again.
                services.Events, services.Metrics.Pods, new ThreadClock(services.Clock), services.Loggers.CreateLogger<EvictionManager>()));
        _volumes = new VolumeManager(
            runtime, _layout, services.Events, services.Flight, services.Metrics.Volumes, services.Clock, MachineMemory.TotalBytes);
        _probes = NewProbes(options, services, runtime, inbox);
        PodWorkers workers = new(WorkerServices(options, services, runtime, index, inbox));
        _syncLoop = new SyncLoop(
            inbox, workers, [FileSource.Name], _activity, services.Flight, services.Loggers.CreateLogger<SyncLoop>());
        services.Metrics.NodeName.WithLabels(options.NodeName).Set(1);
        services.Metrics.Cgroups.Version.Set(services.Cgroups.IsUnified ? 2 : 1);
        services.Metrics.Snapshot = () => new KubeletSnapshot(
            [.. Reports.Values],
            _syncLoop.DesiredPods,
            workers.ActiveCount,
            [.. workers.Working],
            ContainerLogUsage.Read(Reports.Values, _layout),
            _volumes.Count(Reports.Values.Select(report => report.Pod)));
    }

    /// <summary>Every pod with its latest status.</summary>
    public ImmutableDictionary<PodUid, PodReport> Reports => _statuses.Reports;

    /// <summary>What is wrong with the manifests as they are now, one line each.</summary>
    public ImmutableArray<string> ManifestErrors => _files.Errors;

    /// <summary>The runtime has answered recently enough for pods to be started.</summary>
    public bool IsRuntimeHealthy => _pleg.IsHealthy;

    /// <summary>The runtime tells of changes by itself; without that it is asked every second.</summary>
    public bool HasEventStream => _pleg.HasStream;

    /// <summary>How the probes of containers went.</summary>
    public CollectorRegistry ProbeRegistry { get; }

    /// <summary>What node, pods and containers use now.</summary>
    public CollectorRegistry CollectResourceMetrics() => ResourceMetrics.Collect(Reports.Values, _layout);

    /// <summary>Where a pod's containers log.</summary>
    public static string LogDirectory(NodePaths paths, PodUid uid, NamespacedName name) =>
        PodLayout.LogDirectory(paths, uid, name);

    /// <summary>Removes the links to logs that are gone.</summary>
    public static void SweepLogLinks(NodePaths paths) => LogLinks.Sweep(paths.LogLinks, paths.PodLogs);

    /// <summary>Completes once it is known which pods there are to be.</summary>
    public Task Synced => _syncLoop.Synced;

    /// <summary>Every pod that is to be has a status.</summary>
    public bool KnowsAllPods => Synced.IsCompletedSuccessfully && Reports.Count >= _syncLoop.DesiredPods;

    /// <summary>The path of the network namespace that a pod's sandbox has for itself; null when it has none.</summary>
    /// <exception cref="IOException">The runtime cannot be reached.</exception>
    public Task<string?> FindNetworkNamespaceAsync(PodSandboxId sandbox, CancellationToken cancellationToken) =>
        _runtime.FindNetworkNamespaceAsync(sandbox, cancellationToken);

    /// <summary>Completes with the next change of a pod's status.</summary>
    public Task WaitForStatusAsync(CancellationToken cancellationToken) => _statuses.WaitForChangeAsync(cancellationToken);

    /// <summary>Where one instance of a container logs.</summary>
    public string LogFile(Pod pod, string container, uint attempt) =>
        Path.Combine(_layout.LogDirectory(pod.Uid, pod.Name), PodLayout.LogPath(container, attempt));

    /// <summary>Starts a command in a running container.</summary>
    /// <exception cref="IOException">The runtime refuses, or cannot be reached.</exception>
    public async Task<RemoteCommand> ExecAsync(
        ContainerId container, ImmutableArray<string> command, bool stdin, bool tty, CancellationToken cancellationToken)
    {
        // Also a terminal that nobody types at: without input containerd loses what a short command writes to it.
        bool hasInput = stdin || tty;
        return await RemoteCommand.ConnectAsync(
            await _runtime.GetExecUrlAsync(container, command, hasInput, tty, cancellationToken), hasInput, tty, cancellationToken);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await PrepareAsync();
        foreach ((PodUid uid, NamespacedName name) in PodRemains.Find(_layout, _intents))
        {
            _inbox.Post(new SyncEvent.PodFound(uid, name));
        }

        List<Task> loops =
        [
            _syncLoop.RunAsync(together.Token), _pleg.RunAsync(together.Token), _files.RunAsync(together.Token),
            _evictions.RunAsync(together.Token), _imageGc.RunAsync(together.Token),
        ];

        // One of them alone would be half a kubelet: the first to end ends the others.
        Task first = await Task.WhenAny(loops);
        await together.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _probes.StopAsync();
        await _stopLogs.CancelAsync();
        await first;
    }

    /// <summary>
    /// What the machine needs before the first pod and the runtime has no part in; <see cref="RunAsync"/> waits for it.
    /// Begun early, it is done while the runtime starts.
    /// </summary>
    public Task PrepareAsync() => _prepared.Value;

    /// <summary>
    /// Completes once the manifests and the runtime were looked at after this call began, and everything that followed
    /// from it is done. A container that waits for its backoff is at rest.
    /// </summary>
    /// <exception cref="IOException">The runtime does not answer.</exception>
    public async Task WaitIdleAsync(CancellationToken cancellationToken)
    {
        await _files.ScanAsync(cancellationToken);
        await _activity.WaitIdleAsync(cancellationToken);
        await _genericPleg.RelistAsync(cancellationToken);
        await _activity.WaitIdleAsync(cancellationToken);
    }

    public void Dispose()
    {
        _statuses.Close();
        _stopLogs.Dispose();
        _files.Dispose();
        _genericPleg.Dispose();
        _kernelLog.Dispose();
    }

    private void Prepare()
    {
        _cgroups.EnforceNode(_capacity, _isEnforced ? _allocatable : null);
        LogLinks.Sweep(_layout.LogLinks, _layout.PodLogs);
    }

    private static (long Capacity, long Available) DiskOf(string directory)
    {
        FileSystemUsage usage = FileSystem.ReadUsage(directory);
        return (usage.Bytes, usage.AvailableBytes);
    }

    private static ProbeManager NewProbes(
        KubeletOptions options, KubeletServices services, RuntimeService runtime, SyncInbox inbox) => new(
        options.Paths.ProbeResults,
        new PodAddress(options.HostIp),
        new ProbeWorkerServices(
            new RetryingProber(new ProbeHandlers(runtime, services.Clock), services.Events),
            services.Metrics.Probes,
            new ActivityTracker(),
            services.Clock,
            services.Jitter,
            services.Loggers.CreateLogger<ProbeManager>()),
        inbox);

    private AdmissionRules AdmissionRules(KubeletOptions options) => new(
        options.NodeName,
        NodeLabels.OfMachine(options.NodeName),
        _allocatable,
        options.Settings.PodLimit(Environment.ProcessorCount),
        options.Settings.AllowedUnsafeSysctls,
        AppArmor.IsEnabled());

    private PodWorkerServices WorkerServices(
        KubeletOptions options, KubeletServices services, RuntimeService runtime, ContainerIndex index, SyncInbox inbox)
    {
        SteadyClock steady = new(services.Clock);
        PodJournal journal = new(services.Events, services.Flight, services.Metrics.Pods, services.Clock);
        NodeFacts node = new(
            options.NodeName, [options.HostIp], _allocatable.MilliCpu, _allocatable.Memory, _allocatable.EphemeralStorage)
        {
            ClusterDns = options.ClusterDns,
            ClusterDomain = options.ClusterDomain,
        };
        PodNameService names = new(_layout, node, options.Settings.ResolvConf);
        TerminationMessages messages = new(_layout);
        SandboxSpecs sandboxes = new(
            runtime, names, _classes, new UserNamespaces(_layout, options.Settings.PodLimit(Environment.ProcessorCount), options.Settings.UserIdsPerPod), _layout, journal);
        ContainerSpecs specs = new(_volumes, names, new NonRootCheck(runtime), messages, node, services.Events);
        ContainerLogManager rotation = new(
            new LogRotator(runtime, options.Settings.LogRotation, services.Clock), services.Inotify, services.Flight,
            services.Clock, _stopLogs.Token);
        PodLogs logs = new(_layout, rotation.Update, services.Flight);
        ImagePuller puller = new(
            runtime,
            new RegistryKeyring(Path.Combine(options.Paths.Kubelet, "config.json"), services.Flight),
            new PullNarrator(new ContainerdPullProgress(services.Runtime, services.Clock), services.Events, steady),
            services.Events,
            services.Metrics.Images,
            steady,
            options.Settings.MaxParallelImagePulls,
            new TokenBucket(options.Settings.RegistryPullQps, options.Settings.RegistryBurst, services.Clock));
        HookRunner hooks = new(
            runtime, new PodAddress(options.HostIp), services.Events, services.Metrics.Lifecycle, services.Clock);
        ContainerStopper stopper = new(
            runtime, hooks, services.Events, services.Clock, services.Loggers.CreateLogger<ContainerStopper>());
        return new PodWorkerServices(
            new PodInspector(runtime, services.Clock),
            new PodSyncer(
                runtime, puller, stopper, hooks, _volumes, specs, sandboxes, names, logs, messages, _cgroups, index, journal,
                new StartTurns(StartTurns.PlacesOfThisMachine, StartTurns.DefaultPatience, services.Clock), steady),
            new PodTerminator(runtime, stopper, _volumes, logs, _cgroups, services.Flight),
            _probes,
            _statuses,
            new PodAdmitter(AdmissionRules(options), () => _evictions.Conditions),
            _intents,
            journal,
            services.Metrics.Pods,
            _activity,
            services.Flight,
            steady,
            services.Jitter,
            options.Settings.CrashLoop,
            uid => inbox.Post(new SyncEvent.PodEnded(uid)),
            uid => inbox.Post(new SyncEvent.PodFinished(uid)),
            services.Loggers.CreateLogger<PodWorker>());
    }
}
