using System.Collections.Immutable;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>Why a container is not running although it should be; shown as its waiting state.</summary>
internal sealed record StartFailure(string Reason, string Message);

/// <summary>What one sync of a pod left behind.</summary>
/// <param name="Status">Read after the last side effect.</param>
/// <param name="Failures">By container name; containers that could not be started this time.</param>
/// <param name="RetryAt">When to sync again though nothing happens; null when only an event can change anything.</param>
internal sealed record SyncResult(
    PodStatus Status,
    ImmutableDictionary<string, StartFailure> Failures,
    ImmutableArray<BackedOffContainer> BackedOff,
    DateTimeOffset? RetryAt)
{
    /// <summary>What probes say of <see cref="Status"/>.</summary>
    internal PodHealth Health { get; init; } = PodHealth.Unprobed;

    /// <summary>Why the node ended the pod; null while it has not.</summary>
    internal PodFailure? Failure { get; init; }

    /// <summary>Of a sync that changed nothing.</summary>
    internal static SyncResult Nothing(PodStatus observed) =>
        new(observed, ImmutableDictionary<string, StartFailure>.Empty, [], null);
}

/// <summary>The memory of one pod's worker between syncs.</summary>
internal sealed class PodSyncState(RestartBackoff restarts, RestartBackoff pulls)
{
    /// <summary>When the pod became active here, on the worker's steady clock; null before its first sync.</summary>
    internal DateTimeOffset? ActiveSince { get; set; }

    /// <summary>Why the node ended the pod: never taken back.</summary>
    internal PodFailure? Failure { get; set; }

    internal RestartBackoff Restarts { get; } = restarts;

    /// <summary>Containers whose preStop hook has begun, so that it does not again.</summary>
    internal HashSet<ContainerId> PreStopped { get; } = [];

    /// <summary>What probes say of the pod at this sync.</summary>
    internal PodHealth Health { get; set; } = PodHealth.Unprobed;

    /// <summary>By image; a failed pull waits as a failed container does, from the first failure on.</summary>
    internal RestartBackoff Pulls { get; } = pulls;
}
