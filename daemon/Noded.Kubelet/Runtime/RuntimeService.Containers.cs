using System.Collections.Immutable;
using System.Globalization;
using Noded.Kubelet.Pods;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    /// <summary>The exit code of what SIGKILL ended: 128 and the signal's number.</summary>
    private const int Killed = 137;

    public async Task<ImmutableArray<Container>> ListContainersAsync(PodUid? pod, CancellationToken cancellationToken)
    {
        ContainerFilter filter = new();
        if (pod is { } uid)
        {
            filter.LabelSelector[RuntimeLabels.PodUid] = uid.Value;
        }

        ListContainersResponse response = await CallAsync(
            "list_containers",
            pod?.Value ?? "all",
            _runtime.ListContainersAsync,
            new ListContainersRequest { Filter = filter },
            RequestTimeout,
            cancellationToken);

        // Containers without the label were not made for a pod: nothing of ours.
        return [.. response.Containers.Where(container => container.Labels.ContainsKey(RuntimeLabels.PodUid)).Select(ToContainer)];
    }

    public async Task<PodStatus> GetPodStatusAsync(PodUid pod, CancellationToken cancellationToken)
    {
        ImmutableArray<PodSandbox> sandboxes = await ListPodSandboxesAsync(pod, cancellationToken);
        ImmutableArray<Container> containers = await ListContainersAsync(pod, cancellationToken);

        List<ContainerStatus> statuses = [];
        foreach (Container container in containers)
        {
            if (await TryGetStatusAsync(container, cancellationToken) is { } status)
            {
                statuses.Add(status);
            }
        }

        ImmutableArray<string> ips = sandboxes is [{ IsReady: true } newest, ..]
            ? await GetPodSandboxIpsAsync(newest.Id, cancellationToken)
            : [];
        return new PodStatus(pod, sandboxes, [.. statuses.OrderByDescending(status => status.Attempt)], ips);
    }

    public async Task<ContainerId> CreateContainerAsync(
        PodSandboxId sandboxId, PodSandboxSpec sandbox, ContainerSpec container, CancellationToken cancellationToken)
    {
        CreateContainerResponse response = await CallAsync(
            "create_container",
            $"{container.Container.Name} of {sandbox.Pod}",
            _runtime.CreateContainerAsync,
            new CreateContainerRequest
            {
                PodSandboxId = sandboxId.Value,
                Config = ToConfig(sandbox, container),
                SandboxConfig = ToConfig(sandbox),
            },
            RequestTimeout,
            cancellationToken);
        return new ContainerId(
            Required(response.ContainerId, "create_container", container.Container.Name, "container_id"));
    }

    public Task StartContainerAsync(ContainerId container, CancellationToken cancellationToken) => CallAsync(
        "start_container",
        container.Value,
        _runtime.StartContainerAsync,
        new StartContainerRequest { ContainerId = container.Value },
        RequestTimeout,
        cancellationToken);

    public async Task StopContainerAsync(
        ContainerId container, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                "stop_container",
                container.Value,
                _runtime.StopContainerAsync,
                new StopContainerRequest
                {
                    ContainerId = container.Value,
                    Timeout = (long)Math.Ceiling(gracePeriod.TotalSeconds),
                },
                RequestTimeout + gracePeriod,
                cancellationToken);
        }
        catch (RuntimeCallException e) when (e.Code == Grpc.Core.StatusCode.NotFound)
        {
            // Removed since it was listed: it does not run, which is all that was asked. containerd 1.6 refuses.
        }
    }

    public async Task RemoveContainerAsync(ContainerId container, CancellationToken cancellationToken)
    {
        try
        {
            await RemoveAsync();
        }
        catch (RuntimeCallException e) when (e.Code == Grpc.Core.StatusCode.FailedPrecondition)
        {
            if (!await TryEndTaskAsync(container, cancellationToken))
            {
                throw;
            }

            await RemoveAsync();
        }

        Task RemoveAsync() => CallAsync(
            "remove_container",
            container.Value,
            _runtime.RemoveContainerAsync,
            new RemoveContainerRequest { ContainerId = container.Value },
            RequestTimeout,
            cancellationToken);
    }

    public Task ReopenContainerLogAsync(ContainerId container, CancellationToken cancellationToken) => CallAsync(
        "reopen_container_log",
        container.Value,
        _runtime.ReopenContainerLogAsync,
        new ReopenContainerLogRequest { ContainerId = container.Value },
        RequestTimeout,
        cancellationToken);

    /// <summary>Null when the container was removed since it was listed.</summary>
    private async Task<ContainerStatus?> TryGetStatusAsync(Container container, CancellationToken cancellationToken)
    {
        try
        {
            ContainerStatusResponse response = await CallAsync(
                "container_status",
                container.Id.Value,
                _runtime.ContainerStatusAsync,
                new ContainerStatusRequest { ContainerId = container.Id.Value },
                RequestTimeout,
                cancellationToken);
            return Explained(ToStatus(
                container.Sandbox, Required(response.Status, "container_status", container.Id.Value, "status")));
        }
        catch (RuntimeCallException e) when (e.Code == Grpc.Core.StatusCode.NotFound)
        {
            return null;
        }
    }

    private ContainerStatus Explained(ContainerStatus status) =>
        status is { State: ContainerState.Exited, ExitCode: Killed, Reason: "Error" }
            && outOfMemory is not null
            && outOfMemory.Contains(status.Id)
            ? status with { Reason = "OOMKilled" }
            : status;

    private ContainerConfig ToConfig(PodSandboxSpec sandbox, ContainerSpec spec)
    {
        Pod pod = sandbox.Pod;
        ContainerConfig config = new()
        {
            Metadata = new ContainerMetadata { Name = spec.Container.Name, Attempt = spec.Attempt },
            Image = new ImageSpec { Image = spec.ImageRef, UserSpecifiedImage = spec.Container.Image },
            WorkingDir = spec.Container.WorkingDir ?? string.Empty,
            LogPath = spec.LogPath,
            Stdin = spec.Container.Stdin == true,
            StdinOnce = spec.Container.StdinOnce == true,
            Tty = spec.Container.Tty == true,
            StopSignal = ToSignal(spec.Container.Lifecycle?.StopSignal),
            Linux = new LinuxContainerConfig
            {
                Resources = ContainerResources.Compute(pod, spec.Container, _options.Cgroups),
                SecurityContext = SecurityContexts.ForContainer(
                    pod.Manifest, spec.Container, _options.SeccompDirectory, _options.SeccompDefault, sandbox.Users),
            },
        };
        config.Command.AddRange(spec.Command);
        config.Args.AddRange(spec.Arguments);
        config.Envs.AddRange(spec.Environment.Select(pair => new KeyValue { Key = pair.Key, Value = pair.Value }));
        config.Mounts.AddRange(spec.Mounts.Select(mount => ToMount(mount, sandbox.Users)));
        AddPodLabels(config.Labels, pod);
        config.Labels[RuntimeLabels.ContainerName] = spec.Container.Name;
        config.Annotations[RuntimeLabels.ContainerHash] = spec.SpecHash;
        config.Annotations[RuntimeLabels.RestartCount] = spec.Attempt.ToString(CultureInfo.InvariantCulture);
        return config;
    }

    /// <param name="users">The files' owners are to be those of the pod's namespace with the same numbers.</param>
    private static Mount ToMount(ContainerMount mount, UserMapping? users) => new()
    {
        ContainerPath = mount.ContainerPath,
        HostPath = mount.HostPath,
        Readonly = mount.ReadOnly,
        RecursiveReadOnly = mount.RecursiveReadOnly,
        Propagation = mount.Propagation switch
        {
            MountPropagation.HostToContainer => Protocols.Cri.V1.MountPropagation.PropagationHostToContainer,
            MountPropagation.Bidirectional => Protocols.Cri.V1.MountPropagation.PropagationBidirectional,
            _ => Protocols.Cri.V1.MountPropagation.PropagationPrivate,
        },
        UidMappings = { Mappings(users) },
        GidMappings = { Mappings(users) },
    };

    private static IEnumerable<IDMapping> Mappings(UserMapping? users) => users is null ? [] : [SecurityContexts.ToMapping(users)];

    /// <summary>The API writes <c>SIGRTMIN+1</c> where CRI has <c>SIGRTMINPLUS1</c>.</summary>
    internal static Signal ToSignal(string? name) =>
        Enum.TryParse(
            name?.Replace("+", "PLUS", StringComparison.Ordinal).Replace("-", "MINUS", StringComparison.Ordinal),
            ignoreCase: true,
            out Signal signal)
            ? signal
            : Signal.RuntimeDefault;

    private static Container ToContainer(Protocols.Cri.V1.Container container)
    {
        ContainerMetadata metadata = Required(container.Metadata, "list_containers", container.Id, "metadata");
        return new Container(
            new ContainerId(container.Id),
            new PodSandboxId(container.PodSandboxId),
            new PodUid(container.Labels[RuntimeLabels.PodUid]),
            metadata.Name,
            metadata.Attempt,
            ToState(container.State),
            container.ImageRef);
    }

    private static ContainerStatus ToStatus(PodSandboxId sandbox, Protocols.Cri.V1.ContainerStatus status)
    {
        ContainerMetadata metadata = Required(status.Metadata, "container_status", status.Id, "metadata");
        return new ContainerStatus(
            new ContainerId(status.Id),
            sandbox,
            metadata.Name,
            metadata.Attempt,
            ToState(status.State),
            ToTime(status.CreatedAt) ?? DateTimeOffset.UnixEpoch,
            ToTime(status.StartedAt),
            ToTime(status.FinishedAt),
            status.ExitCode,
            status.Reason,
            status.Message,
            status.Image?.Image ?? string.Empty,
            status.ImageRef,
            status.Annotations.TryGetValue(RuntimeLabels.ContainerHash, out string? hash) ? hash : string.Empty);
    }

    private static ContainerState ToState(Protocols.Cri.V1.ContainerState state) => state switch
    {
        Protocols.Cri.V1.ContainerState.ContainerCreated => ContainerState.Created,
        Protocols.Cri.V1.ContainerState.ContainerRunning => ContainerState.Running,
        Protocols.Cri.V1.ContainerState.ContainerExited => ContainerState.Exited,
        _ => ContainerState.Unknown,
    };
}
