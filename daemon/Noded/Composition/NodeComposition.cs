using System.Reflection;
using Grpc.Net.Client;
using Noded.Api.Services;
using Noded.Cni.Plugins;
using Noded.Cni.Plugins.Serving;
using Noded.Hosting;
using Noded.Kubelet;
using Noded.Kubelet.Configuration;
using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Mounts;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Linux.Processes;
using Noded.Linux.Systemd;
using Noded.Network;
using Noded.Primitives;
using Noded.ServiceProxy;
using Noded.ServiceProxy.Reflectors;
using Noded.ServiceProxy.Tables;
using Prometheus;

namespace Noded.Composition;

/// <summary>The node's parts, wired by hand: this is where the whole graph can be read.</summary>
internal sealed class NodeComposition : IDisposable
{
    private const int FlightCapacity = 8192;
    private const int EventCapacity = 1000;

    private static readonly TimeSpan ProxyPatience = TimeSpan.FromSeconds(5);

    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly GrpcChannel _containerd;
    private readonly KubeletServices _kubeletServices;
    private readonly Task _joinedCgroup = Task.CompletedTask;
    private volatile KubeletComponent _kubelet;
    private volatile ServiceProxyComponent? _serviceProxy;

    internal NodeComposition(NodedOptions options, ILoggerFactory loggers)
    {
        TimeProvider clock = TimeProvider.System;
        Options = options;
        Clock = clock;
        StartedAt = clock.GetUtcNow();
        Flight = new FlightRecorder(FlightCapacity, clock);
        Events = new EventRecorder(EventCapacity, Flight, clock);
        CgroupHierarchies hierarchies = CgroupHierarchies.Discover();
        CgroupDriverName driver = NodeCgroups.Choose(options.Paths, options.Settings.CgroupDriver, clock);
        ICgroupDriver cgroups = NodeCgroups.Open(options.Paths, driver, hierarchies, clock);
        _inotify = new Inotify(_reactor);
        _containerd = UnixSocketChannel.Open(options.Paths.ContainerdSocket);
        Logs = new ContainerLogReader(_inotify);

        ProcessMetrics.Register(Metrics);
        bool mayRaiseLimits = Capabilities.Has(Capabilities.SysResource);
        ContainerdSupervisor containerd = new(
            options.Paths,
            options.Containerd,
            version => new ContainerdConfig(
                options.Paths, version, options.Runc, BuiltInImages.PauseReference,
                driver == CgroupDriverName.Systemd, !mayRaiseLimits)
            {
                DropIns = ContainerdDropIns.Read(options.Paths.ContainerdDropIns),
            },
            SystemdBus.IsRunning
                ? new ContainerdUnit(options.Paths, clock)
                : new DetachedContainerd(options.Paths, hierarchies),
            _reactor,
            Flight);
        NodeNetwork network = new(
            options.Paths, options.Network, CniLinksOf(options.Paths), Environment.ProcessPath!, () => RtNetlink.Open(), Flight,
            clock);
        _kubeletServices = new KubeletServices(
            _containerd.CreateCallInvoker(), _inotify, cgroups, Flight, Events, new KubeletMetrics(Metrics), clock,
            Random.Shared.NextDouble, loggers);
        _kubelet = NewKubelet();

        ServiceBroadcast services = new(new StandaloneSource(
            new StandaloneOptions(
                options.Paths.Services, options.NodeName,
                options.Network.ServiceCidrs is [var first, ..] ? first : null),
            new KubeletPods(new KubeletReports(() => _kubelet)), _inotify, clock, loggers.CreateLogger<StandaloneSource>()));

        ILogger<SupervisedComponent> logger = loggers.CreateLogger<SupervisedComponent>();
        Components =
        [
            new SupervisedComponent("inotify", _inotify.RunAsync, Flight, clock, logger),
            new SupervisedComponent("network", network.RunAsync, Flight, clock, logger),
            new SupervisedComponent(
                "cni", new PluginServer(options.Paths.CniSocket, Flight, clock).RunAsync, Flight, clock, logger),
            new SupervisedComponent("containerd", RunContainerdAsync, Flight, clock, logger),
            new SupervisedComponent("kubelet", RunKubeletAsync, Flight, clock, logger),
            new SupervisedComponent("services", services.RunAsync, Flight, clock, logger),
            new SupervisedComponent("service-proxy", NewServiceProxy(services, hierarchies, cgroups, loggers), Flight, clock, logger),
            .. NodeDns.TryCreate(options, services, Metrics, clock, loggers) is { } dns
                ? [new SupervisedComponent("dns", dns.RunAsync, Flight, clock, logger)]
                : Array.Empty<SupervisedComponent>(),
        ];

        async Task RunContainerdAsync(CancellationToken cancellationToken)
        {
            await network.Attempted.WaitAsync(cancellationToken);
            await containerd.RunAsync(cancellationToken);
        }

        if (Environment.GetEnvironmentVariable("INVOCATION_ID") is null)
        {
            // systemd gives its services a cgroup of their own; without it nobody does.
            Cgroup cgroup = new(hierarchies, options.Paths.CgroupPrefix + "/daemon");
            cgroup.Create();

            // The kernel takes its time to move a process with threads; nothing has to wait for it.
            _joinedCgroup = Task.Run(() => Join(cgroup));
        }
    }

    internal static string Version { get; } =
        typeof(NodeComposition).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "unknown";

    internal NodedOptions Options { get; }

    internal TimeProvider Clock { get; }

    internal DateTimeOffset StartedAt { get; }

    internal FlightRecorder Flight { get; }

    internal EventRecorder Events { get; }

    internal CollectorRegistry Metrics { get; } = Prometheus.Metrics.NewCustomRegistry();

    /// <summary>The kubelet that runs now; one that failed is replaced, not started again.</summary>
    internal KubeletComponent Kubelet => _kubelet;

    /// <summary>The service proxy that runs now, or ran last; null before the first.</summary>
    internal ServiceProxyComponent? ServiceProxy => _serviceProxy;

    internal ContainerLogReader Logs { get; }

    internal IReadOnlyList<SupervisedComponent> Components { get; }

    /// <summary>Our plugins where this node's runtime looks for them.</summary>
    internal static CniLinks CniLinksOf(NodePaths paths) =>
        new(paths.CniBinaries, [.. PluginTable.Names], PluginServer.LinkName, paths.CniSocket);

    internal Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(
        [
            .. Components.Select(component => component.RunAsync(cancellationToken)),
            _joinedCgroup,
            StartMemory.ReleaseAsync(Flight, Clock, cancellationToken),
        ]);

    public void Dispose()
    {
        Kubelet.Dispose();
        _containerd.Dispose();
        _inotify.Dispose();
        _reactor.Dispose();
    }

    private async Task RunKubeletAsync(CancellationToken cancellationToken)
    {
        // It waits for that itself, and meets its failure.
        _ = _kubelet.PrepareAsync();
        await new RuntimeReadiness(_containerd.CreateCallInvoker(), _inotify, Options.Paths, Clock)
            .WaitAsync(cancellationToken);
        await BuiltInImages.EnsurePauseAsync(_containerd.CreateCallInvoker(), Flight, Clock, cancellationToken);
        try
        {
            await _kubelet.RunAsync(cancellationToken);
        }
        finally
        {
            // Its inbox and workers hold what it was doing; the next one starts from what the runtime shows.
            using KubeletComponent ended = _kubelet;
            _kubelet = NewKubelet();
        }
    }

    private void Join(Cgroup cgroup)
    {
        try
        {
            cgroup.Attach(Environment.ProcessId);
        }
        catch (IOException e)
        {
            Flight.Record(FlightEntryKind.Failed, "noded", $"join cgroup {cgroup.Path}: {e.Message}");
        }
    }

    /// <summary>One that fails is made anew: it begins with what is pinned.</summary>
    private Func<CancellationToken, Task> NewServiceProxy(
        IServiceSource services, CgroupHierarchies hierarchies, ICgroupDriver cgroups, ILoggerFactory loggers)
    {
        ServiceProxyMetrics metrics = new(Metrics);
        KubeletReports reports = new(() => _kubelet);
        return async cancellationToken =>
        {
            // The kernel's look at the programs takes the processor that the first pods need to start. Until they are
            // known there are no endpoints; what a predecessor left works meanwhile.
            await reports.WaitForPodsAsync(ProxyPatience, Clock, cancellationToken);
            EnsureBpfFileSystem();
            ServiceProxyComponent proxy = new(
                new ServiceProxyOptions(TranslatedCgroup(hierarchies, cgroups), Options.Paths.BpfPins, new NodeTopology(Options.NodeName))
                {
                    PodCidrs = [.. Options.Network.PodCidrs],
                },
                [services],
                new KubeletPodNetworks(reports, loggers.CreateLogger<KubeletPodNetworks>()),
                _reactor,
                metrics,
                Clock,
                loggers);
            _serviceProxy = proxy;
            await proxy.RunAsync(cancellationToken);
        };
    }

    /// <summary>systemd mounts it; where it has not, we do, and reset takes that back.</summary>
    private void EnsureBpfFileSystem()
    {
        if (!BpfFileSystem.IsMounted)
        {
            File.WriteAllText(Options.Paths.BpfMountMarker, string.Empty);
            BpfFileSystem.MountIt();
        }
    }

    /// <summary>Whose sockets reach Services: the machine's if the node is its own, otherwise the node's.</summary>
    private string TranslatedCgroup(CgroupHierarchies hierarchies, ICgroupDriver cgroups)
    {
        string root = hierarchies.All.FirstOrDefault(hierarchy => hierarchy.IsUnified)?.MountPoint
            ?? throw new IOException("cgroup2 is not mounted: Services need it; mount it, for example at /sys/fs/cgroup/unified.");
        if (Options.Paths.Root == "/" || cgroups.Node is not { } node)
        {
            return root;
        }

        cgroups.Ensure(node, new CgroupLimits());
        return Path.Combine(root, node.Path);
    }

    private KubeletComponent NewKubelet() =>
        new(
            new KubeletOptions(Options.Paths, Options.NodeName, Options.NodeIp)
            {
                ClusterDns = Options.ClusterDns,
                ClusterDomain = Options.ClusterDomain,
                Settings = Options.Settings,
            },
            _kubeletServices);
}
