using System.Collections.Immutable;
using Grpc.Core;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Tests.Fakes;

/// <summary>
/// A runtime in memory with CRI's rules: a name belongs to one attempt, stopping and removing repeat safely, what is
/// gone is not found. Containers run until <see cref="Exit"/> or a stop. Safe for use from many threads.
/// </summary>
internal sealed class FakeRuntimeService(TimeProvider clock) : IRuntimeService, IImageService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PodSandboxId, PodSandbox> _sandboxes = [];
    private readonly Dictionary<ContainerId, (PodUid Pod, ContainerStatus Status)> _containers = [];
    private readonly HashSet<string> _images = ["image"];
    private ImmutableArray<string> _calls = [];
    private ImmutableArray<ContainerSpec> _created = [];
    private int _ids;

    /// <summary>Runs when a call comes in; it may fail in its place, or hold it up until the token ends.</summary>
    public Func<string, string, CancellationToken, Task>? OnCall { get; set; }

    /// <summary>Runs when a call has had its effect; a failure here loses the answer only.</summary>
    public Action<string, string>? OnDone { get; set; }

    /// <summary>What a command in the container of this name does; null for one that is not over in time.</summary>
    public Func<string, ImmutableArray<string>, ExecResult?> OnExec { get; set; } = (_, _) => new ExecResult(0, default, default);

    /// <summary>Told of everything that ends or is removed, as an event stream would.</summary>
    public Action<PodUid, RuntimeEvent>? Events { get; set; }

    /// <summary>Every call but those that only read: <c>start_container web</c>.</summary>
    public ImmutableArray<string> Writes => [.. _calls.Where(call => !call.StartsWith("list_", StringComparison.Ordinal))];

    public ImmutableArray<string> Calls => _calls;

    /// <summary>What every container was created from, in order.</summary>
    public ImmutableArray<ContainerSpec> Created => _created;

    /// <summary>Of every sandbox, in order.</summary>
    public ImmutableArray<string> RuntimeHandlers { get; private set; } = [];

    /// <summary>Of every sandbox, in order.</summary>
    public ImmutableArray<UserMapping?> Users { get; private set; } = [];

    /// <summary>Of every stop of a container, in order.</summary>
    public ImmutableArray<TimeSpan> GracePeriods { get; private set; } = [];

    public ImmutableArray<ContainerStatus> Containers
    {
        get
        {
            lock (_lock)
            {
                return [.. _containers.Values.Select(entry => entry.Status)];
            }
        }
    }

    public ImmutableArray<PodSandbox> Sandboxes
    {
        get
        {
            lock (_lock)
            {
                return [.. _sandboxes.Values];
            }
        }
    }

    public ContainerId Running(string name) =>
        Containers.Single(container => container.Name == name && container.State == ContainerState.Running).Id;

    /// <summary>Loses all that it holds, without an event.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _containers.Clear();
            _sandboxes.Clear();
        }
    }

    /// <summary>The container's process ends by itself.</summary>
    public void Exit(ContainerId container, int exitCode)
    {
        lock (_lock)
        {
            End(container, exitCode);
        }
    }

    /// <summary>The sandbox's own process ends: it is not ready any more, its containers run on.</summary>
    public void LoseSandbox(PodSandboxId sandbox)
    {
        lock (_lock)
        {
            if (!_sandboxes.TryGetValue(sandbox, out PodSandbox? lost))
            {
                return;
            }

            _sandboxes[sandbox] = lost with { IsReady = false };
            Events?.Invoke(lost.Pod, new RuntimeEvent(RuntimeEventType.Exited, new ContainerId(sandbox.Value)));
        }
    }

    /// <summary>Puts a container into a state that no call leads to.</summary>
    public void Force(ContainerId container, ContainerState state)
    {
        lock (_lock)
        {
            (PodUid pod, ContainerStatus status) = _containers[container];
            _containers[container] = (pod, status with { State = state });
        }
    }

    /// <summary>Whom images run as.</summary>
    public ImageUser ImageUser { get; set; }

    public Task<ImageUser> GetImageUserAsync(string reference, CancellationToken cancellationToken) =>
        CallAsync("list_image_user", reference, () => ImageUser, cancellationToken);

    /// <summary>What each container's writable layer takes.</summary>
    public long WritableLayer { get; set; }

    public Task<ImmutableDictionary<ContainerId, long>> GetWritableLayersAsync(PodUid pod, CancellationToken cancellationToken) =>
        CallAsync(
            "list_containerstats",
            pod.Value,
            () => _containers.Values.Where(entry => entry.Pod == pod)
                .ToImmutableDictionary(entry => entry.Status.Id, _ => WritableLayer),
            cancellationToken);

    public Task<ImmutableArray<string>> GetPodSandboxIpsAsync(PodSandboxId sandbox, CancellationToken cancellationToken) =>
        CallAsync<ImmutableArray<string>>("list_ips", sandbox.Value, () => ["10.0.0.1"], cancellationToken);

    public Task<string?> FindNetworkNamespaceAsync(PodSandboxId sandbox, CancellationToken cancellationToken) =>
        CallAsync<string?>("list_network", sandbox.Value, () => $"/run/netns/{sandbox.Value}", cancellationToken);

    public Task<string> VersionAsync(CancellationToken cancellationToken) =>
        CallAsync("version", "runtime", () => "fake 1.0.0", cancellationToken);

    public bool SupportsRecursiveReadOnly { get; set; }

    public bool SupportsSupplementalGroupsPolicy { get; set; }

    public Task<bool> SupportsSupplementalGroupsPolicyAsync(CancellationToken cancellationToken) =>
        CallAsync("list_features", "runtime", () => SupportsSupplementalGroupsPolicy, cancellationToken);

    public Task<bool> SupportsRecursiveReadOnlyAsync(CancellationToken cancellationToken) =>
        CallAsync("list_features", "runtime", () => SupportsRecursiveReadOnly, cancellationToken);

    /// <summary>Handlers that give pods users of their own.</summary>
    public ImmutableHashSet<string> WithUserNamespaces { get; set; } = [];

    public Task<bool> SupportsUserNamespacesAsync(string handler, CancellationToken cancellationToken) =>
        CallAsync("list_features", "runtime", () => WithUserNamespaces.Contains(handler), cancellationToken);

    public Task<ImmutableArray<PodSandbox>> ListPodSandboxesAsync(PodUid? pod, CancellationToken cancellationToken) =>
        CallAsync("list_podsandbox", pod?.Value ?? "all", () => SandboxesOf(pod), cancellationToken);

    public Task<ImmutableArray<Container>> ListContainersAsync(PodUid? pod, CancellationToken cancellationToken) =>
        CallAsync<ImmutableArray<Container>>(
            "list_containers",
            pod?.Value ?? "all",
            () =>
            [
                .. _containers.Values.Where(entry => pod is null || entry.Pod == pod).Select(entry => new Container(
                    entry.Status.Id, entry.Status.Sandbox, entry.Pod, entry.Status.Name, entry.Status.Attempt,
                    entry.Status.State, entry.Status.ImageRef)),
            ],
            cancellationToken);

    public Task<PodStatus> GetPodStatusAsync(PodUid pod, CancellationToken cancellationToken) => CallAsync(
        "list_status",
        pod.Value,
        () => new PodStatus(
            pod,
            SandboxesOf(pod),
            [
                .. _containers.Values.Where(entry => entry.Pod == pod).Select(entry => entry.Status)
                    .OrderByDescending(status => status.Attempt),
            ],
            []),
        cancellationToken);

    public Task<PodSandboxId> RunPodSandboxAsync(PodSandboxSpec sandbox, CancellationToken cancellationToken) => CallAsync(
        "run_podsandbox",
        sandbox.Pod.Name.Name,
        () =>
        {
            Refuse(
                _sandboxes.Values.Any(other => other.Pod == sandbox.Pod.Uid && other.Attempt == sandbox.Attempt),
                "run_podsandbox", StatusCode.Unknown, $"name is reserved: {sandbox.Pod} {sandbox.Attempt}");
            RuntimeHandlers = RuntimeHandlers.Add(sandbox.RuntimeHandler);
            Users = Users.Add(sandbox.Users);
            PodSandboxId id = new($"sandbox{++_ids}");
            _sandboxes[id] = new PodSandbox(
                id, sandbox.Pod.Uid, sandbox.Pod.Name, sandbox.Attempt, true, clock.GetUtcNow());
            return id;
        },
        cancellationToken);

    public Task StopPodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken) => CallAsync(
        "stop_podsandbox", sandbox.Value, () => StopSandbox(sandbox), cancellationToken);

    public Task RemovePodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken) => CallAsync(
        "remove_podsandbox",
        sandbox.Value,
        () =>
        {
            StopSandbox(sandbox);
            foreach (ContainerId container in InSandbox(sandbox))
            {
                Remove(container);
            }

            return _sandboxes.Remove(sandbox);
        },
        cancellationToken);

    public Task<ContainerId> CreateContainerAsync(
        PodSandboxId sandboxId, PodSandboxSpec sandbox, ContainerSpec container, CancellationToken cancellationToken) =>
        CallAsync(
            "create_container",
            container.Container.Name,
            () =>
            {
                Refuse(
                    !_sandboxes.TryGetValue(sandboxId, out PodSandbox? found) || !found.IsReady,
                    "create_container", StatusCode.NotFound, $"no ready sandbox {sandboxId}");
                Refuse(
                    _containers.Values.Any(other => other.Pod == sandbox.Pod.Uid
                        && other.Status.Name == container.Container.Name && other.Status.Attempt == container.Attempt),
                    "create_container", StatusCode.Unknown, $"name is reserved: {container.Container.Name} {container.Attempt}");
                _created = _created.Add(container);
                ContainerId id = new($"container{++_ids}");
                _containers[id] = (sandbox.Pod.Uid, new ContainerStatus(
                    id, sandboxId, container.Container.Name, container.Attempt, ContainerState.Created,
                    clock.GetUtcNow(), null, null, 0, string.Empty, string.Empty, container.Container.Image,
                    container.ImageRef, container.SpecHash));
                return id;
            },
            cancellationToken);

    public Task StartContainerAsync(ContainerId container, CancellationToken cancellationToken) => CallAsync(
        "start_container",
        NameOf(container),
        () =>
        {
            Refuse(!_containers.ContainsKey(container), "start_container", StatusCode.NotFound, container.Value);
            (PodUid pod, ContainerStatus status) = _containers[container];
            Refuse(
                status.State != ContainerState.Created || !_sandboxes[status.Sandbox].IsReady,
                "start_container", StatusCode.Unknown, $"{container} is {status.State}");
            _containers[container] = (pod, status with { State = ContainerState.Running, StartedAt = clock.GetUtcNow() });
            return true;
        },
        cancellationToken);

    public Task StopContainerAsync(ContainerId container, TimeSpan gracePeriod, CancellationToken cancellationToken) =>
        CallAsync(
            "stop_container",
            NameOf(container),
            () =>
            {
                GracePeriods = GracePeriods.Add(gracePeriod);
                return End(container, 137);
            },
            cancellationToken);

    public Task RemoveContainerAsync(ContainerId container, CancellationToken cancellationToken) => CallAsync(
        "remove_container", NameOf(container), () => Remove(container), cancellationToken);

    public Task<ExecResult> ExecSyncAsync(
        ContainerId container, ImmutableArray<string> command, TimeSpan timeout, CancellationToken cancellationToken) =>
        CallAsync(
            "exec_sync",
            NameOf(container),
            () =>
            {
                Refuse(
                    !_containers.TryGetValue(container, out (PodUid Pod, ContainerStatus Status) entry),
                    "exec_sync", StatusCode.NotFound, container.Value);
                Refuse(
                    entry.Status.State != ContainerState.Running, "exec_sync", StatusCode.Unknown, $"{container} does not run");
                ExecResult? result = OnExec(entry.Status.Name, command);
                Refuse(result is null, "exec_sync", StatusCode.DeadlineExceeded, $"timeout {timeout.TotalSeconds}s exceeded");

                // Refuse has thrown if it is null.
                return result!;
            },
            cancellationToken);

    /// <summary>Where commands are said to be; the fake has no streaming server.</summary>
    public Uri ExecUrl { get; set; } = new("http://127.0.0.1:9/exec");

    public Task<Uri> GetExecUrlAsync(
        ContainerId container, ImmutableArray<string> command, bool stdin, bool tty, CancellationToken cancellationToken) =>
        CallAsync("list_exec", NameOf(container), () => ExecUrl, cancellationToken);

    public Task ReopenContainerLogAsync(ContainerId container, CancellationToken cancellationToken) => CallAsync(
        "reopen_container_log",
        NameOf(container),
        () =>
        {
            Refuse(!_containers.ContainsKey(container), "reopen_container_log", StatusCode.NotFound, container.Value);
            Refuse(
                _containers[container].Status.State != ContainerState.Running,
                "reopen_container_log", StatusCode.Unknown, $"{container} is not running");
            return true;
        },
        cancellationToken);

    public Task<string?> TryGetImageAsync(string reference, CancellationToken cancellationToken) => CallAsync(
        "list_image", reference, () => _images.Contains(reference) ? $"id-of-{reference}" : null, cancellationToken);

    public Task<long> GetImageSizeAsync(string reference, CancellationToken cancellationToken) =>
        CallAsync("list_image_size", reference, () => 4096L, cancellationToken);

    /// <summary>With whose credentials each image was asked for, in order.</summary>
    public ImmutableArray<string?> PullUsers { get; private set; } = [];

    public Task<string> PullImageAsync(
        string reference, RegistryCredentials? credentials, CancellationToken cancellationToken) => CallAsync(
        "pull_image",
        reference,
        () =>
        {
            PullUsers = PullUsers.Add(credentials?.UserName);
            Refuse(
                RefusedUser is not null && credentials?.UserName == RefusedUser, "pull_image", StatusCode.Unknown, "unauthorized");
            _images.Add(reference);
            return $"id-of-{reference}";
        },
        cancellationToken);

    /// <summary>Whom registries do not let in; null lets everybody in.</summary>
    public string? RefusedUser { get; set; }

    /// <summary>What lists of images show, beside none.</summary>
    public ImmutableArray<Image> Images { get; set; } = [];

    public Task<ImmutableArray<Image>> ListImagesAsync(CancellationToken cancellationToken) =>
        CallAsync("list_images", "all", () => Images, cancellationToken);

    public Task RemoveImageAsync(string id, CancellationToken cancellationToken) => CallAsync(
        "remove_image",
        id,
        () =>
        {
            Images = [.. Images.Where(image => image.Id != id)];
            return true;
        },
        cancellationToken);

    private async Task<T> CallAsync<T>(string operation, string target, Func<T> act, CancellationToken cancellationToken)
    {
        ImmutableInterlocked.Update(ref _calls, calls => calls.Add($"{operation} {target}"));
        await (OnCall?.Invoke(operation, target, cancellationToken) ?? Task.CompletedTask);
        cancellationToken.ThrowIfCancellationRequested();
        T result;
        lock (_lock)
        {
            result = act();
        }

        OnDone?.Invoke(operation, target);
        return result;
    }

    private ImmutableArray<PodSandbox> SandboxesOf(PodUid? pod) =>
    [
        .. _sandboxes.Values.Where(sandbox => pod is null || sandbox.Pod == pod)
            .OrderByDescending(sandbox => sandbox.Attempt),
    ];

    private bool StopSandbox(PodSandboxId sandbox)
    {
        if (_sandboxes.TryGetValue(sandbox, out PodSandbox? found))
        {
            foreach (ContainerId container in InSandbox(sandbox))
            {
                End(container, 137);
            }

            _sandboxes[sandbox] = found with { IsReady = false };
        }

        return true;
    }

    private ImmutableArray<ContainerId> InSandbox(PodSandboxId sandbox) =>
        [.. _containers.Values.Where(entry => entry.Status.Sandbox == sandbox).Select(entry => entry.Status.Id)];

    private bool End(ContainerId container, int exitCode)
    {
        if (_containers.TryGetValue(container, out (PodUid Pod, ContainerStatus Status) entry)
            && entry.Status.State is ContainerState.Running or ContainerState.Unknown)
        {
            _containers[container] = (entry.Pod, entry.Status with
            {
                State = ContainerState.Exited,
                ExitCode = exitCode,
                Reason = exitCode == 0 ? "Completed" : "Error",
                FinishedAt = clock.GetUtcNow(),
            });
            Events?.Invoke(entry.Pod, new RuntimeEvent(RuntimeEventType.Exited, container));
        }

        return true;
    }

    private bool Remove(ContainerId container)
    {
        End(container, 137);
        if (_containers.Remove(container, out (PodUid Pod, ContainerStatus Status) entry))
        {
            Events?.Invoke(entry.Pod, new RuntimeEvent(RuntimeEventType.Deleted, container));
        }

        return true;
    }

    private string NameOf(ContainerId container)
    {
        lock (_lock)
        {
            return _containers.TryGetValue(container, out (PodUid, ContainerStatus Status) entry)
                ? entry.Status.Name
                : container.Value;
        }
    }

    private static void Refuse(bool condition, string operation, StatusCode code, string detail)
    {
        if (condition)
        {
            throw new RuntimeCallException(operation, "fake", code, detail);
        }
    }
}
