using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Volumes;
using Noded.Linux.Cgroups;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>Sync loop and pod workers over the fake runtime, whose events reach the loop as the PLEG would bring them.</summary>
internal sealed class KubeletHarness : IAsyncDisposable
{
    private readonly DirectoryInfo _root;
    private bool _isSucceeded;
    private readonly CancellationTokenSource _stop = new();
    private readonly SyncLoop _loop;
    private readonly PodLayout _layout;
    private readonly IntentJournal _intents;
    private Task _running = Task.CompletedTask;

    /// <param name="startTurns">How many calls that start something run at a time; without it, any number.</param>
    /// <param name="pullRate">How many pulls may begin; without it, any number.</param>
    public KubeletHarness(
        Func<TimeProvider, FakeRuntimeService>? runtime = null,
        Func<TimeProvider, StartTurns>? startTurns = null,
        Func<TimeProvider, TokenBucket>? pullRate = null)
        : this(null, runtime, startTurns, pullRate)
    {
    }

    private KubeletHarness(
        KubeletHarness? before,
        Func<TimeProvider, FakeRuntimeService>? runtime,
        Func<TimeProvider, StartTurns>? startTurns = null,
        Func<TimeProvider, TokenBucket>? pullRate = null)
    {
        _root = before?._root ?? Directory.CreateTempSubdirectory("nd-");
        Clock = before?.Clock ?? new TestClock();
        TimeOfDay = before?.TimeOfDay ?? new SteppedClock(Clock);
        Runtime = before?.Runtime ?? runtime?.Invoke(TimeOfDay) ?? new FakeRuntimeService(TimeOfDay);
        Flight = new FlightRecorder(256, TimeOfDay);
        Events = new EventRecorder(256, Flight, TimeOfDay);
        Inbox = new SyncInbox(Activity, Flight);
        SteadyClock steady = new(TimeOfDay);
        CgroupfsDriver driver = new(new CgroupHierarchies([]), "noded");
        PodLayout layout = _layout = new PodLayout(new NodePaths(_root.FullName), driver);
        TerminationMessages messages = new(layout);
        Statuses = new StatusManager("192.0.2.1", messages, Flight, TimeOfDay);
        VolumeManager volumes = new(Runtime, layout, Events, Flight, new VolumeMetrics(Metrics.WithCustomRegistry(Registry)), Clock, nodeMemory: 1L << 30);
        NodeFacts node = new("node1", ["192.0.2.1"], 1000, 1L << 30, 1L << 30) { ClusterDns = ["10.96.0.10"] };
        PodNameService names = new(layout, node);
        Probes = new ProbeManager(
            Path.Combine(_root.FullName, "probes"),
            new PodAddress("192.0.2.1"),
            new ProbeWorkerServices(
                new RetryingProber(Prober, Events), new ProbeMetrics(Metrics.WithCustomRegistry(Registry)), Activity, TimeOfDay,
                () => 0.5, NullLogger.Instance),
            Inbox);
        HookRunner hooks = new(
            Runtime, new PodAddress("127.0.0.1"), Events, new LifecycleMetrics(Metrics.WithCustomRegistry(Registry)), TimeOfDay);
        ContainerStopper stopper = new(Runtime, hooks, Events, TimeOfDay, NullLogger<ContainerStopper>.Instance);
        CgroupManager cgroups = new(
            layout, driver, CgroupOptions.Default, Events, Flight, new CgroupMetrics(Metrics.WithCustomRegistry(Registry)));
        PodLogs logs = new(layout, (_, _) => { }, Flight);
        _intents = new IntentJournal(new NodePaths(_root.FullName).PodIntents, Flight);
        PodMetrics podMetrics = new(Metrics.WithCustomRegistry(Registry));
        PodJournal journal = new(Events, Flight, podMetrics, TimeOfDay);
        PodWorkerServices services = new(
            new PodInspector(Runtime, TimeOfDay),
            new PodSyncer(
                Runtime, new ImagePuller(
                    Runtime, new RegistryKeyring(Path.Combine(_root.FullName, "config.json"), Flight),
                    new PullNarrator(new ScriptedPullProgress(), Events, steady), Events,
                    new ImageMetrics(Metrics.WithCustomRegistry(Registry)), steady, parallelism: 1, pullRate?.Invoke(TimeOfDay)), stopper, hooks, volumes,
                new ContainerSpecs(volumes, names, new NonRootCheck(Runtime), messages, node, Events),
                new SandboxSpecs(Runtime, names, Classes, new UserNamespaces(layout, 110), layout, journal), names, logs, messages,
                cgroups, new ContainerIndex(), journal,
                startTurns?.Invoke(TimeOfDay) ?? new StartTurns(int.MaxValue, Timeout.InfiniteTimeSpan, TimeOfDay), steady),
            new PodTerminator(Runtime, stopper, volumes, logs, cgroups, Flight),
            Probes,
            Statuses,
            new PodAdmitter(
                new AdmissionRules("node1", NodeLabels.OfMachine("node1"), new NodeResources(4000, 1L << 30, 1L << 30, 1000), 110, [], HasAppArmor: false), () => Pressures),
            _intents,
            journal,
            podMetrics,
            Activity,
            Flight,
            steady,
            () => 0,
            CrashLoopOptions.Default,
            uid => Inbox.Post(new SyncEvent.PodEnded(uid)),
            uid => Inbox.Post(new SyncEvent.PodFinished(uid)),
            NullLogger.Instance);
        Workers = new PodWorkers(services);
        _loop = new SyncLoop(Inbox, Workers, ["file"], Activity, Flight, NullLogger<SyncLoop>.Instance);
        Runtime.Events = Forward;
    }

    /// <summary>The node's root directory.</summary>
    public string Root => _root.FullName;

    public TestClock Clock { get; }

    /// <summary>What the runtime and the kubelet take for the machine's clock.</summary>
    public SteppedClock TimeOfDay { get; }

    public FakeRuntimeService Runtime { get; }

    public ActivityTracker Activity { get; } = new();

    public FlightRecorder Flight { get; }

    public EventRecorder Events { get; }

    public SyncInbox Inbox { get; }

    public StatusManager Statuses { get; }

    public ProbeManager Probes { get; }

    public ScriptedProber Prober { get; } = new();

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public PodWorkers Workers { get; }

    /// <summary>The RuntimeClasses that there are.</summary>
    public ScriptedRuntimeClasses Classes { get; } = new();

    /// <summary>The conditions that the node is under.</summary>
    public ImmutableHashSet<string> Pressures { get; set; } = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public KubeletHarness Start(bool runtimeReady = true)
    {
        _running = _loop.RunAsync(_stop.Token);
        if (runtimeReady)
        {
            Inbox.Post(new SyncEvent.RuntimeReady());
        }

        return this;
    }

    /// <summary>This daemon is gone, as if it were killed; the next one finds its files and the runtime.</summary>
    public async Task<KubeletHarness> SucceedAsync()
    {
        _isSucceeded = true;
        await DisposeAsync();
        KubeletHarness next = new(this, null);
        next.FindRemains();
        return next.Start();
    }

    /// <summary>Posts what the files of an earlier daemon tell, as the kubelet does when it starts.</summary>
    public void FindRemains()
    {
        foreach ((PodUid uid, NamespacedName name) in PodRemains.Find(_layout, _intents))
        {
            Inbox.Post(new SyncEvent.PodFound(uid, name));
        }
    }

    public void Wish(params Pod[] pods) => Inbox.Post(new SyncEvent.PodsDesired("file", [.. pods]));

    /// <summary>Waits until nothing more happens at this time.</summary>
    public Task SettleAsync() => Activity.WaitIdleAsync(Token);

    public async Task DesireAsync(params Pod[] pods)
    {
        Wish(pods);
        await SettleAsync();
    }

    public async Task AdvanceAsync(TimeSpan time)
    {
        Clock.Advance(time);
        await SettleAsync();
    }

    public async Task ExitAsync(string container, int exitCode)
    {
        Runtime.Exit(Runtime.Running(container), exitCode);
        await SettleAsync();
    }

    public ImmutableArray<ContainerStatus> Alive() =>
        [.. Runtime.Containers.Where(container => container.State == ContainerState.Running)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Probes.StopAsync();
        _stop.Dispose();
        if (!_isSucceeded)
        {
            _root.Delete(recursive: true);
        }
    }

    private void Forward(PodUid pod, RuntimeEvent runtimeEvent) => Inbox.Post(new SyncEvent.Lifecycle(new PodLifecycleEvent(
        pod,
        null,
        runtimeEvent.Type == RuntimeEventType.Deleted
            ? PodLifecycleEventType.ContainerRemoved
            : PodLifecycleEventType.ContainerDied,
        runtimeEvent.Container)));
}
