using System.Collections.Immutable;
using k8s.Models;
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

    /// <summary>The pod's last status, if it was written down; then nothing changes it any more.</summary>
    internal V1PodStatus? Terminal { get; init; }

    /// <summary>Of a sync that changed nothing.</summary>
    internal static SyncResult Nothing(PodStatus observed) =>
        new(observed, ImmutableDictionary<string, StartFailure>.Empty, [], null);
}

/// <summary>The memory of one pod's worker between syncs; its intents survive the daemon.</summary>
internal sealed class PodSyncState(
    PodUid pod, PodIntents intents, IntentJournal journal, RestartBackoff restarts, RestartBackoff pulls)
{
    private readonly Lock _lock = new();
    private (long Began, long Ended)? _pulls;

    /// <summary>When the pod became active here, on the worker's steady clock; null before its first sync.</summary>
    internal DateTimeOffset? ActiveSince { get; set; }

    /// <summary>What is written down of the pod.</summary>
    internal PodIntents Intents { get; private set; } = intents;

    /// <summary>Why the node ended the pod: never taken back.</summary>
    internal PodFailure? Failure => Intents.Failure;

    /// <summary>
    /// The sync loop wants the pod to be ended; it counts once it is written down. Set before the worker is woken.
    /// </summary>
    internal PodFailure? Requested { get; set; }

    internal RestartBackoff Restarts { get; } = restarts;

    /// <summary>What probes say of the pod at this sync.</summary>
    internal PodHealth Health { get; set; } = PodHealth.Unprobed;

    /// <summary>By image; a failed pull waits as a failed container does, from the first failure on.</summary>
    internal RestartBackoff Pulls { get; } = pulls;

    /// <summary>From the first pull's beginning to the last one's end.</summary>
    internal TimeSpan PullTime(TimeProvider clock) =>
        _pulls is { } pulls ? clock.GetElapsedTime(pulls.Began, pulls.Ended) : TimeSpan.Zero;

    /// <summary>A pull has brought its image, by the timestamps of the clock that is asked for <see cref="PullTime"/>.</summary>
    internal void Pulled(long began, long ended) => _pulls = (_pulls?.Began ?? began, ended);

    /// <summary>Writes intents down; what they are for may be done once this has returned.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    internal void Record(Func<PodIntents, PodIntents> change)
    {
        lock (_lock)
        {
            PodIntents next = change(Intents);
            journal.Write(pod, next);
            Intents = next;
        }
    }

    /// <summary>Whether this container's preStop hook is to run: it is begun once, whatever happens to the daemon.</summary>
    internal bool TryBeginPreStop(ContainerId container)
    {
        if (Intents.PreStopped.Contains(container.Value))
        {
            return false;
        }

        Record(known => known with { PreStopped = known.PreStopped.Add(container.Value) });
        return true;
    }
}
