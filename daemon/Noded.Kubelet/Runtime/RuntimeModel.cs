using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime;

public readonly record struct ContainerId(string Value)
{
    private const string ApiPrefix = "containerd://";

    /// <summary>As the API has it, with the runtime's name.</summary>
    internal string ToApi() => ApiPrefix + Value;

    /// <summary>The other way; null for a container that has none yet.</summary>
    public static ContainerId? FromApi(string? text) =>
        string.IsNullOrEmpty(text) ? null : new ContainerId(text[ApiPrefix.Length..]);

    public override string ToString() => Value;
}

public readonly record struct PodSandboxId(string Value)
{
    public override string ToString() => Value;
}

public enum ContainerState
{
    Created,
    Running,
    Exited,
    Unknown,
}

/// <summary>A sandbox as a list shows it: whose it is and whether it is ready.</summary>
/// <param name="Attempt">0 for the pod's first sandbox, counted up with each new one.</param>
public sealed record PodSandbox(
    PodSandboxId Id, PodUid Pod, NamespacedName PodName, uint Attempt, bool IsReady, DateTimeOffset CreatedAt);

/// <summary>A container as a list shows it.</summary>
/// <param name="ImageRef">The image's id, by which it was created.</param>
public sealed record Container(
    ContainerId Id, PodSandboxId Sandbox, PodUid Pod, string Name, uint Attempt, ContainerState State, string ImageRef = "");

/// <summary>A container as the runtime describes it when asked for it alone.</summary>
/// <param name="Attempt">How many containers of this name the pod had before; what users know as the restart count.</param>
/// <param name="SpecHash">Of the container's part of the pod spec at creation; empty when somebody else created it.</param>
/// <param name="StartedAt">Null before it has started.</param>
/// <param name="FinishedAt">Null before it has ended.</param>
public sealed record ContainerStatus(
    ContainerId Id,
    PodSandboxId Sandbox,
    string Name,
    uint Attempt,
    ContainerState State,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    int ExitCode,
    string Reason,
    string Message,
    string Image,
    string ImageRef,
    string SpecHash);

/// <summary>All that the runtime holds of one pod.</summary>
/// <param name="Sandboxes">The newest attempt first.</param>
/// <param name="Containers">The newest attempt of each name first.</param>
/// <param name="Ips">Of the newest sandbox when that is ready; empty in the host's network.</param>
public sealed record PodStatus(
    PodUid Uid,
    ImmutableArray<PodSandbox> Sandboxes,
    ImmutableArray<ContainerStatus> Containers,
    ImmutableArray<string> Ips)
{
    public static PodStatus Empty(PodUid uid) => new(uid, [], [], []);

    /// <summary>
    /// The last attempt of containers that have logged and that the runtime knows nothing of: somebody else removed them.
    /// </summary>
    internal ImmutableDictionary<string, uint> Lost { get; init; } = ImmutableDictionary<string, uint>.Empty;

    public PodSandbox? NewestSandbox => Sandboxes.IsEmpty ? null : Sandboxes[0];

    /// <summary>The newest container of this name; null when there never was one, or none is left.</summary>
    public ContainerStatus? TryGetNewest(string name) =>
        Containers.FirstOrDefault(container => container.Name == name);
}

/// <summary>What makes a pod's sandbox.</summary>
/// <param name="CgroupParent">Absolute inside every hierarchy.</param>
public sealed record PodSandboxSpec(Pod Pod, uint Attempt, string Hostname, string LogDirectory, string CgroupParent)
{
    /// <summary>Null to let the runtime copy the machine's.</summary>
    public ResolvConf? Dns { get; init; }

    /// <summary>Which of the runtime's handlers runs the pod; empty for its default.</summary>
    public string RuntimeHandler { get; init; } = string.Empty;

    /// <summary>Null for the machine's.</summary>
    public UserMapping? Users { get; init; }
}

/// <summary>Which users, and groups, of the machine those of a pod's user namespace are, from its root on.</summary>
/// <param name="First">Whom the pod's root is.</param>
public sealed record UserMapping(uint First, uint Length);

/// <summary>What resolv.conf(5) says.</summary>
public sealed record ResolvConf(
    ImmutableArray<string> Servers, ImmutableArray<string> Searches, ImmutableArray<string> Options)
{
    public static ResolvConf Empty { get; } = new([], [], []);

    public bool IsEmpty => Servers.IsEmpty && Searches.IsEmpty && Options.IsEmpty;
}

/// <summary>An image on the machine.</summary>
/// <param name="Names">Tags and digests by which it is known.</param>
/// <param name="Size">In bytes.</param>
/// <param name="IsPinned">The runtime says that it must stay.</param>
public sealed record Image(string Id, ImmutableArray<string> Names, long Size, bool IsPinned);

/// <summary>Who asks a registry. Never logged.</summary>
public sealed record RegistryCredentials(string UserName, string Password)
{
    public override string ToString() => $"user {UserName}";
}

/// <summary>Whom an image's containers run as when nobody says otherwise.</summary>
/// <param name="Uid">Null when the image names a user instead of a number, or none at all.</param>
/// <param name="Name">Null or empty when the image says nothing.</param>
public readonly record struct ImageUser(long? Uid, string? Name);

/// <summary>What makes a container in a sandbox.</summary>
/// <param name="Environment">In the order in which the container sees it.</param>
/// <param name="LogPath">Relative to the sandbox's log directory.</param>
public sealed record ContainerSpec(
    k8s.Models.V1Container Container,
    uint Attempt,
    string ImageRef,
    string SpecHash,
    ImmutableArray<string> Command,
    ImmutableArray<string> Arguments,
    ImmutableArray<KeyValuePair<string, string>> Environment,
    string LogPath)
{
    public ImmutableArray<ContainerMount> Mounts { get; init; } = [];
}

/// <summary>How a command in a container ended, and what it wrote.</summary>
public sealed record ExecResult(int ExitCode, ReadOnlyMemory<byte> Stdout, ReadOnlyMemory<byte> Stderr);
