using Grpc.Net.Client;
using Noded.Linux.Cgroups;
using Noded.Protocols.Cri.V1;
using Noded.Testing;

namespace Noded.Benchmarks.Nodes;

/// <summary>Pods made straight over CRI, by requests equal to those of a daemon for <see cref="PodManifest"/>.</summary>
internal sealed class CriPods : IDisposable
{
    private const string PodName = "io.kubernetes.pod.name";
    private const string PodNamespace = "io.kubernetes.pod.namespace";
    private const string PodUid = "io.kubernetes.pod.uid";
    private const string ContainerName = "io.kubernetes.container.name";
    private const string Namespace = "default";
    private const int BestEffortOomScoreAdjust = 1000;
    private const int LeastShares = 2;

    // What a container does not see of /proc unless it is privileged; the daemon's list.
    private static readonly string[] MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] ReadonlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private readonly NodeSandbox _sandbox;
    private readonly CgroupHierarchies _hierarchies;
    private readonly GrpcChannel _channel;
    private readonly RuntimeService.RuntimeServiceClient _runtime;

    internal CriPods(BenchmarkNode node)
    {
        _sandbox = node.Sandbox;
        _hierarchies = node.Hierarchies;
        _channel = UnixChannel.Open(node.Sandbox.Paths.ContainerdSocket);
        _runtime = new RuntimeService.RuntimeServiceClient(_channel);
    }

    /// <summary>Sends the three requests that start a pod, and nothing else.</summary>
    /// <returns>The moment the first was sent.</returns>
    internal async Task<DateTimeOffset> RunAsync(string name, CancellationToken cancellationToken)
    {
        string uid = Guid.NewGuid().ToString();
        string imageId = await ImageIdAsync(cancellationToken);
        PodSandboxConfig sandbox = SandboxConfig(name, uid);
        ContainerConfig container = ContainerConfig(sandbox, imageId);
        new Cgroup(_hierarchies, CgroupOf(uid)).Create();
        Directory.CreateDirectory(Path.Combine(sandbox.LogDirectory, PodManifest.Container));

        DateTimeOffset sentAt = TimeProvider.System.GetUtcNow();
        RunPodSandboxResponse run = await _runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = sandbox }, cancellationToken: cancellationToken);
        CreateContainerRequest create = new()
        {
            PodSandboxId = run.PodSandboxId,
            Config = container,
            SandboxConfig = sandbox,
        };
        CreateContainerResponse created =
            await _runtime.CreateContainerAsync(create, cancellationToken: cancellationToken);
        await _runtime.StartContainerAsync(
            new StartContainerRequest { ContainerId = created.ContainerId }, cancellationToken: cancellationToken);
        return sentAt;
    }

    /// <summary>Stops every pod as a daemon does whose grace period is <paramref name="gracePeriod"/> seconds.</summary>
    /// <returns>How long the requests took.</returns>
    internal async Task<TimeSpan> StopAllAsync(long gracePeriod, CancellationToken cancellationToken)
    {
        ListContainersResponse containers = await _runtime.ListContainersAsync(
            new ListContainersRequest(), cancellationToken: cancellationToken);
        ListPodSandboxResponse sandboxes = await _runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        long start = TimeProvider.System.GetTimestamp();
        foreach (Container container in containers.Containers)
        {
            await _runtime.StopContainerAsync(
                new StopContainerRequest { ContainerId = container.Id, Timeout = gracePeriod }, cancellationToken: cancellationToken);
        }

        foreach (PodSandbox sandbox in sandboxes.Items)
        {
            await _runtime.StopPodSandboxAsync(
                new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
        }

        return TimeProvider.System.GetElapsedTime(start);
    }

    /// <summary>Whether a static pod of this name has a sandbox that is ready.</summary>
    internal async Task<bool> HasReadySandboxAsync(string pod, CancellationToken cancellationToken) =>
        (await _runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: cancellationToken))
            .Items.Any(sandbox => sandbox.State == PodSandboxState.SandboxReady
                && sandbox.Metadata.Name.StartsWith($"{pod}-", StringComparison.Ordinal));

    /// <summary>Removes every pod with its cgroup, whoever made it.</summary>
    internal async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        ListPodSandboxResponse list = await _runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        foreach (PodSandbox sandbox in list.Items)
        {
            await _runtime.StopPodSandboxAsync(
                new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
            await _runtime.RemovePodSandboxAsync(
                new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
            new Cgroup(_hierarchies, CgroupOf(sandbox.Metadata.Uid)).TryRemove();
        }
    }

    public void Dispose() => _channel.Dispose();

    private string CgroupOf(string uid) => $"{_sandbox.CgroupPrefix}/kubepods/besteffort/pod{uid}";

    private async Task<string> ImageIdAsync(CancellationToken cancellationToken)
    {
        ImageStatusRequest request = new() { Image = new ImageSpec { Image = PodManifest.Image } };
        ImageStatusResponse status = await new ImageService.ImageServiceClient(_channel).ImageStatusAsync(
            request, cancellationToken: cancellationToken);
        return status.Image?.Id ?? throw new IOException($"containerd does not have {PodManifest.Image}.");
    }

    private PodSandboxConfig SandboxConfig(string name, string uid) => new()
    {
        Metadata = new PodSandboxMetadata { Name = name, Namespace = Namespace, Uid = uid },
        LogDirectory = Path.Combine(_sandbox.Paths.PodLogs, $"{Namespace}_{name}_{uid}"),
        Labels = { [PodName] = name, [PodNamespace] = Namespace, [PodUid] = uid },
        Linux = new LinuxPodSandboxConfig
        {
            CgroupParent = "/" + CgroupOf(uid),
            SecurityContext = new LinuxSandboxSecurityContext
            {
                NamespaceOptions = Namespaces(),
                Seccomp = Unconfined(),
            },
        },
    };

    private static ContainerConfig ContainerConfig(PodSandboxConfig sandbox, string imageId) => new()
    {
        Metadata = new ContainerMetadata { Name = PodManifest.Container },
        Image = new ImageSpec { Image = imageId, UserSpecifiedImage = PodManifest.Image },
        Args = { PodManifest.SleepArguments },
        LogPath = Path.Combine(PodManifest.Container, "0.log"),
        Labels = { sandbox.Labels, new Dictionary<string, string> { [ContainerName] = PodManifest.Container } },
        Linux = new LinuxContainerConfig
        {
            Resources = new LinuxContainerResources
            {
                CpuShares = LeastShares,
                OomScoreAdj = BestEffortOomScoreAdjust,
            },
            SecurityContext = new LinuxContainerSecurityContext
            {
                NamespaceOptions = Namespaces(),
                Seccomp = Unconfined(),
                Capabilities = new Capability(),
                MaskedPaths = { MaskedPaths },
                ReadonlyPaths = { ReadonlyPaths },
            },
        },
    };

    private static NamespaceOption Namespaces() =>
        new() { Network = NamespaceMode.Node, Ipc = NamespaceMode.Pod, Pid = NamespaceMode.Container };

    private static SecurityProfile Unconfined() =>
        new() { ProfileType = SecurityProfile.Types.ProfileType.Unconfined };
}
