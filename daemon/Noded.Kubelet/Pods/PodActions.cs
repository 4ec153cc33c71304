using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>A container to create and start.</summary>
/// <param name="Attempt">How many of this name there were before.</param>
/// <param name="After">The instance that ended and is replaced; null for the first one.</param>
internal sealed record ContainerToStart(V1Container Container, uint Attempt, ContainerStatus? After);

/// <summary>A container to stop, and why.</summary>
/// <param name="Probe">The probe that demands it, which may have a grace period of its own; null for another reason.</param>
internal sealed record ContainerToKill(ContainerStatus Container, string Reason, ProbeKind? Probe = null);

/// <summary>A container that has to wait before it starts again.</summary>
/// <param name="Until">On the worker's steady clock.</param>
/// <param name="Delay">The whole wait, of which a part may be over.</param>
internal sealed record BackedOffContainer(string Name, ContainerStatus Last, DateTimeOffset Until, TimeSpan Delay);

/// <summary>
/// What one sync of a pod would do. Computed without touching the runtime; executed without deciding, in the order of
/// the members.
/// </summary>
/// <param name="Remove">Never started, or of a sandbox that is replaced: gone before its name is used again.</param>
/// <param name="StopSandboxes">Ready ones that the pod must not have, or needs no more.</param>
/// <param name="SandboxAttempt">The number of the sandbox to create; null to use the one that is there.</param>
/// <param name="NextSync">When time alone will change the plan; null when only an event can.</param>
internal sealed record PodActions(
    ImmutableArray<ContainerToKill> Kill,
    ImmutableArray<ContainerStatus> Remove,
    ImmutableArray<PodSandbox> StopSandboxes,
    uint? SandboxAttempt,
    ImmutableArray<ContainerToStart> Start,
    ImmutableArray<BackedOffContainer> BackedOff,
    DateTimeOffset? NextSync)
{
    /// <summary>Why the node ends the pod; null while it does not.</summary>
    internal PodFailure? Failure { get; init; }

    /// <summary>What the pod's sandboxes are called in the backoff; no container has an empty name.</summary>
    internal const string SandboxKey = "";

    internal bool IsEmpty => Kill.IsEmpty && Remove.IsEmpty && StopSandboxes.IsEmpty && SandboxAttempt is null && Start.IsEmpty;

    /// <summary>Decides from the wish and from what the runtime holds.</summary>
    /// <param name="specHash">The hash a container created for this spec carries.</param>
    /// <param name="health">What probes say of the containers; null for nothing.</param>
    /// <param name="deadline">When the node ends the pod; null for never.</param>
    /// <param name="failure">The node has ended it already.</param>
    /// <param name="isTerminal">It is Succeeded or Failed, whatever the runtime has forgotten of it.</param>
    internal static PodActions Compute(
        Pod pod,
        PodStatus status,
        RestartBackoff backoff,
        Func<V1Container, string> specHash,
        DateTimeOffset now,
        PodHealth? health = null,
        DateTimeOffset? deadline = null,
        PodFailure? failure = null,
        bool isTerminal = false)
    {
        PodSandbox? sandbox = status.NewestSandbox is { IsReady: true } newest ? newest : null;
        bool isLost = sandbox is null && status.NewestSandbox is not null;
        ContainerPlan plan = new(pod, status, sandbox, backoff, specHash, now, health ?? PodHealth.Unprobed);
        plan.Run(mustEnd: failure is not null || isTerminal);
        PodFailure? found = failure is not null || plan.IsOver ? null
            : deadline <= now ? PodFailure.DeadlineExceeded
            : isLost && plan.IsStuck ? PodFailure.SandboxLost
            : null;
        if (found is not null)
        {
            // All of it anew: the end of a pod has an order of its own.
            return Compute(pod, status, backoff, specHash, now, health, deadline, found);
        }

        bool needsSandbox = sandbox is null && !plan.Start.IsEmpty;

        // A sandbox that is lost again and again would wake its pod each time, through the event of its death.
        DateTimeOffset? sandboxAt = isLost && needsSandbox ? backoff.NotBefore(SandboxKey) : null;
        bool create = needsSandbox && !(sandboxAt > now);
        return new PodActions(
            plan.Kill,
            plan.Remove,
            [.. status.Sandboxes.Where(other => other.IsReady && (other != sandbox || plan.IsOver))],
            create ? (isLost ? status.NewestSandbox!.Attempt + 1 : 0) : null,
            needsSandbox && !create ? [] : plan.Start,
            plan.BackedOff,
            Earliest(plan.BackedOff, needsSandbox && !create ? sandboxAt : null, plan.IsOver ? null : deadline))
        {
            Failure = failure,
        };
    }

    private static DateTimeOffset? Earliest(
        ImmutableArray<BackedOffContainer> backedOff, params IEnumerable<DateTimeOffset?> others) =>
        backedOff.Select(container => (DateTimeOffset?)container.Until).Concat(others).Min();
}
