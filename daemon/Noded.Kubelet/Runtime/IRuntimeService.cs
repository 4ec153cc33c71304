using System.Collections.Immutable;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Runtime;

/// <summary>
/// The container runtime: CRI today; the seam for a native one. Every call may fail with <see cref="IOException"/>
/// when the runtime refuses, is gone or does not answer in time; asking again later may help.
/// </summary>
public interface IRuntimeService
{
    /// <summary>Name and version, for example <c>containerd 1.6.20</c>.</summary>
    Task<string> VersionAsync(CancellationToken cancellationToken);

    /// <summary>Whether a read-only mount may be asked to hold for everything below it.</summary>
    Task<bool> SupportsRecursiveReadOnlyAsync(CancellationToken cancellationToken);

    /// <summary>Whether it can leave out the groups that an image gives its user.</summary>
    Task<bool> SupportsSupplementalGroupsPolicyAsync(CancellationToken cancellationToken);

    /// <summary>Whether a handler gives pods users of their own.</summary>
    /// <param name="handler">Empty for the runtime's default.</param>
    Task<bool> SupportsUserNamespacesAsync(string handler, CancellationToken cancellationToken);

    Task<ImmutableArray<PodSandbox>> ListPodSandboxesAsync(PodUid? pod, CancellationToken cancellationToken);

    Task<ImmutableArray<Container>> ListContainersAsync(PodUid? pod, CancellationToken cancellationToken);

    /// <summary>Everything the runtime holds of one pod; empty, not an error, when it knows nothing of it.</summary>
    Task<PodStatus> GetPodStatusAsync(PodUid pod, CancellationToken cancellationToken);

    Task<PodSandboxId> RunPodSandboxAsync(PodSandboxSpec sandbox, CancellationToken cancellationToken);

    /// <summary>Addresses of a sandbox with a network of its own, one of each family; empty when it has none.</summary>
    Task<ImmutableArray<string>> GetPodSandboxIpsAsync(PodSandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>
    /// The path that holds a sandbox's network namespace, and no other one's for as long as the machine runs; null when
    /// the sandbox has none of its own, is gone, or the runtime does not tell.
    /// </summary>
    Task<string?> FindNetworkNamespaceAsync(PodSandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>Idempotent; a sandbox that is gone is stopped.</summary>
    Task StopPodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken);

    Task RemovePodSandboxAsync(PodSandboxId sandbox, CancellationToken cancellationToken);

    Task<ContainerId> CreateContainerAsync(
        PodSandboxId sandboxId, PodSandboxSpec sandbox, ContainerSpec container, CancellationToken cancellationToken);

    Task StartContainerAsync(ContainerId container, CancellationToken cancellationToken);

    /// <summary>Asks the container to end, and ends it after <paramref name="gracePeriod"/>. Idempotent.</summary>
    Task StopContainerAsync(ContainerId container, TimeSpan gracePeriod, CancellationToken cancellationToken);

    Task RemoveContainerAsync(ContainerId container, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a command in a running container and waits for its end. One that is not over after
    /// <paramref name="timeout"/> is killed, and the call fails with <c>DeadlineExceeded</c>.
    /// </summary>
    /// <param name="timeout">Whole seconds for the runtime; zero for as long as it takes.</param>
    Task<ExecResult> ExecSyncAsync(
        ContainerId container, ImmutableArray<string> command, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Where a command in a running container can be started and talked to; good for one connection.</summary>
    /// <param name="stdin">The command reads what is sent.</param>
    /// <param name="tty">The command has a terminal, and one stream for all that it writes.</param>
    Task<Uri> GetExecUrlAsync(
        ContainerId container, ImmutableArray<string> command, bool stdin, bool tty, CancellationToken cancellationToken);

    /// <summary>Bytes that the writable layers of a pod's containers take, by container.</summary>
    Task<ImmutableDictionary<ContainerId, long>> GetWritableLayersAsync(PodUid pod, CancellationToken cancellationToken);

    /// <summary>Makes the running container's log anew when it is not where it was; what it writes from now on goes there.</summary>
    Task ReopenContainerLogAsync(ContainerId container, CancellationToken cancellationToken);
}

/// <summary>The runtime's images.</summary>
public interface IImageService
{
    /// <summary>The id of the image with this reference; null when it is not on the machine.</summary>
    Task<string?> TryGetImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Whom the image's containers run as by default.</summary>
    Task<ImageUser> GetImageUserAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Bytes that the image takes; 0 when it is not on the machine.</summary>
    Task<long> GetImageSizeAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Fetches the image and returns its id.</summary>
    /// <param name="credentials">Null to ask as nobody.</param>
    Task<string> PullImageAsync(
        string reference, RegistryCredentials? credentials, CancellationToken cancellationToken);

    Task<ImmutableArray<Image>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Removes an image with all its names; one that is gone is no error.</summary>
    Task RemoveImageAsync(string id, CancellationToken cancellationToken);
}
