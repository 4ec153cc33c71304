using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>The containers' part of <see cref="PodActions"/>: which to stop, remove, start, or leave waiting.</summary>
/// <param name="sandbox">The ready sandbox; containers of any other are dead, whatever the runtime calls them.</param>
internal sealed class ContainerPlan(
    Pod pod,
    PodStatus status,
    PodSandbox? sandbox,
    RestartBackoff backoff,
    Func<V1Container, string> specHash,
    DateTimeOffset now,
    PodHealth health)
{
    internal ImmutableArray<ContainerToKill> Kill { get; private set; } = [];

    internal ImmutableArray<ContainerStatus> Remove { get; private set; } = [];

    internal ImmutableArray<ContainerToStart> Start { get; private set; } = [];

    internal ImmutableArray<BackedOffContainer> BackedOff { get; private set; } = [];

    /// <summary>Nothing of the pod will run again: it needs no sandbox any more.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Nothing runs, nothing is to start or waits to, and still the pod is not over.</summary>
    internal bool IsStuck => !IsOver && Start.IsEmpty && BackedOff.IsEmpty
        && !status.Containers.Any(container => container.State == ContainerState.Running);

    private IEnumerable<V1Container> Inits => pod.Spec.InitContainers ?? [];

    /// <param name="mustEnd">The node ends the pod, whatever its containers do.</param>
    internal void Run(bool mustEnd)
    {
        foreach (ContainerStatus stray in status.Containers.Where(IsStray))
        {
            Kill = Kill.Add(new ContainerToKill(stray, $"Container {stray.Name} belongs to no sandbox of the pod that is in use."));
        }

        // A container that was created and never started belongs to an attempt that we or the runtime lost.
        // Of those that ended, the newest tells how; the rest would be asked for at every look.
        Remove =
        [
            .. status.Containers.Where(container => container.State == ContainerState.Created),
            .. status.Containers.Where(container => container.State == ContainerState.Exited)
                .GroupBy(container => container.Name)
                .SelectMany(ended => ended.Skip(1)),
        ];

        IsOver = mustEnd || pod.Spec.Containers.All(IsDone) || Inits.Any(HasFailedForGood);
        if (IsOver)
        {
            foreach (ContainerStatus left in status.Containers.Where(
                container => container.State == ContainerState.Running && !IsStray(container)))
            {
                Kill = Kill.Add(new ContainerToKill(left, $"Stopping container {left.Name}"));
            }
        }
        else if (PlanInitContainers())
        {
            foreach (V1Container container in pod.Spec.Containers)
            {
                Plan(container);
            }
        }
    }

    /// <summary>It has ended, and is not started again.</summary>
    private bool IsDone(V1Container container) =>
        status.TryGetNewest(container.Name) is { State: ContainerState.Exited } last
        && !RestartRules.RestartsAfter(pod.Spec, container, last.ExitCode);

    private bool HasFailedForGood(V1Container init) =>
        !init.IsRestartableInit() && IsDone(init) && status.TryGetNewest(init.Name)!.ExitCode != 0;

    /// <summary>
    /// Init containers run one after the other, of sidecars each until it has started; true once all are through in this
    /// sandbox. Sidecars are kept running from then on.
    /// </summary>
    private bool PlanInitContainers()
    {
        V1Container[] inits = [.. Inits];

        // Whatever comes after one that has begun in this sandbox: that one was let pass before.
        int passed = pod.Spec.Containers.Any(container => Exists(container.Name)) ? inits.Length
            : Math.Max(0, Array.FindLastIndex(inits, init => Exists(init.Name)));
        for (int i = 0; i < inits.Length; i++)
        {
            V1Container init = inits[i];
            if (init.IsRestartableInit())
            {
                Plan(init);
                if (i >= passed && !IsStarted(init))
                {
                    return false;
                }
            }
            else if (i >= passed && LastInSandbox(init.Name) is not { State: ContainerState.Exited, ExitCode: 0 })
            {
                // Whatever its end in a sandbox that is gone: what it prepared is gone too.
                Plan(init, mustRun: LastInSandbox(init.Name) is null && RestartRules.PolicyOf(pod.Spec, init) != "Never");
                return false;
            }
        }

        return true;
    }

    private bool Exists(string name) => sandbox is not null && LastInSandbox(name) is not null;

    private bool IsStarted(V1Container sidecar) =>
        LastInSandbox(sidecar.Name) is { State: ContainerState.Running } running && health.Of(running.Id).IsStarted;

    /// <param name="mustRun">Whatever its policy says to how it ended.</param>
    private void Plan(V1Container container, bool mustRun = false)
    {
        ContainerStatus? last = status.TryGetNewest(container.Name);
        bool isAlive = last is { State: ContainerState.Running } && last.Sandbox == sandbox?.Id;
        if (isAlive && last!.SpecHash == specHash(container))
        {
            if (health.Of(last.Id).Failed is { } failed)
            {
                PlanUnhealthy(container, last, failed);
            }

            return;
        }

        if (isAlive)
        {
            Kill = Kill.Add(new ContainerToKill(last!, $"Container {container.Name} definition changed"));
            StartAfter(container, last);
            return;
        }

        switch (last)
        {
            case null:
                StartAfter(container, null);
                break;
            case { State: ContainerState.Created }:
                // Its place was reserved and never used: the same attempt again.
                Start = Start.Add(new ContainerToStart(container, last.Attempt, null));
                break;
            case { State: ContainerState.Exited }
                when !mustRun && !RestartRules.RestartsAfter(pod.Spec, container, last.ExitCode):
                break;
            case { State: not ContainerState.Exited } when RestartRules.PolicyOf(pod.Spec, container) == "Never":
                // Stopped with the sandbox it is in, it will have ended; that was its one run.
                break;
            default:
                RestartOrWait(container, last);
                break;
        }
    }

    /// <summary>Started again in the same sync: by its exit code alone the policy might leave it ended.</summary>
    private void PlanUnhealthy(V1Container container, ContainerStatus last, ProbeKind failed)
    {
        bool restarts = RestartRules.PolicyOf(pod.Spec, container) != "Never";
        string probe = failed == ProbeKind.Startup ? "startup" : "liveness";
        Kill = Kill.Add(new ContainerToKill(
            last, $"Container {container.Name} failed {probe} probe{(restarts ? ", will be restarted" : string.Empty)}", failed));

        // As upstream: what has lived longer than it would have to wait does not wait.
        if (restarts && !(backoff.NotBeforeNextEnd(container.Name) > now))
        {
            ContainerStatus? ended = status.Containers.FirstOrDefault(
                other => other.Name == container.Name && other.State == ContainerState.Exited);
            Start = Start.Add(new ContainerToStart(container, last.Attempt + 1, ended));
        }
    }

    private void RestartOrWait(V1Container container, ContainerStatus last)
    {
        DateTimeOffset? notBefore = last.FinishedAt is null ? null : backoff.NotBefore(container.Name);
        if (notBefore > now)
        {
            BackedOff = BackedOff.Add(
                new BackedOffContainer(container.Name, last, notBefore.Value, backoff.DelayOf(container.Name)));
        }
        else
        {
            StartAfter(container, last);
        }
    }

    private void StartAfter(V1Container container, ContainerStatus? last) =>
        Start = Start.Add(new ContainerToStart(container, NextAttempt(container.Name, last), last));

    /// <summary>One that was lost counts: its number is that of a log that must not be written over.</summary>
    private uint NextAttempt(string name, ContainerStatus? last) =>
        last is not null ? last.Attempt + 1
        : status.Lost.TryGetValue(name, out uint lost) ? lost + 1
        : 0;

    private ContainerStatus? LastInSandbox(string name) =>
        status.TryGetNewest(name) is { } last && last.Sandbox == sandbox?.Id ? last : null;

    /// <summary>Alive without a place; what the runtime has lost track of may be alive too.</summary>
    private bool IsStray(ContainerStatus container) =>
        container.State == ContainerState.Unknown
        || (container.State == ContainerState.Running
            && (container.Sandbox != sandbox?.Id
                || status.TryGetNewest(container.Name) != container
                || pod.TryGetContainer(container.Name) is null));
}
