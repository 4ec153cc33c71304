using System.Collections.Immutable;
using k8s.Models;
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

    internal void Run()
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

        if (!IsOver() && PlanInitContainers())
        {
            foreach (V1Container container in pod.Spec.Containers)
            {
                Plan(container, pod.Spec.RestartPolicy);
            }
        }
    }

    /// <summary>Every regular container has ended for good; nothing is initialised for it again.</summary>
    private bool IsOver() => pod.Spec.Containers.All(container =>
        status.TryGetNewest(container.Name) is { State: ContainerState.Exited } last
        && !PodActions.RestartsAfter(pod.Spec.RestartPolicy, last.ExitCode));

    /// <summary>Init containers run one after the other; true once all have succeeded in this sandbox.</summary>
    private bool PlanInitContainers()
    {
        // Once a regular container exists in this sandbox, initialisation is over, even if its containers are gone.
        if (status.Containers.Any(container => container.Sandbox == sandbox?.Id
            && pod.Spec.Containers.Any(regular => regular.Name == container.Name)))
        {
            return true;
        }

        foreach (V1Container init in pod.Spec.InitContainers ?? [])
        {
            if (LastInSandbox(init.Name) is { State: ContainerState.Exited, ExitCode: 0 })
            {
                continue;
            }

            // It runs again after a failure whenever the policy is not Never, and whatever its end in a sandbox that
            // is gone: what it prepared is gone too.
            bool ranElsewhere = LastInSandbox(init.Name) is null;
            Plan(init, pod.Spec.RestartPolicy == "Never" ? "Never" : ranElsewhere ? "Always" : "OnFailure");
            return false;
        }

        return true;
    }

    private void Plan(V1Container container, string? restartPolicy)
    {
        ContainerStatus? last = status.TryGetNewest(container.Name);
        bool isAlive = last is { State: ContainerState.Running } && last.Sandbox == sandbox?.Id;
        if (isAlive && last!.SpecHash == specHash(container))
        {
            if (health.Of(last.Id).Failed is { } failed)
            {
                PlanUnhealthy(container, last, failed, restartPolicy);
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
            case { State: ContainerState.Exited } when !PodActions.RestartsAfter(restartPolicy, last.ExitCode):
                break;
            case { State: not ContainerState.Exited } when restartPolicy == "Never":
                // Stopped with the sandbox it is in, it will have ended; that was its one run.
                break;
            default:
                RestartOrWait(container, last);
                break;
        }
    }

    /// <summary>Started again in the same sync: by its exit code alone the policy might leave it ended.</summary>
    private void PlanUnhealthy(V1Container container, ContainerStatus last, ProbeKind failed, string? restartPolicy)
    {
        bool restarts = restartPolicy != "Never";
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
        Start = Start.Add(new ContainerToStart(container, last is null ? 0 : last.Attempt + 1, last));

    private ContainerStatus? LastInSandbox(string name) =>
        status.TryGetNewest(name) is { } last && last.Sandbox == sandbox?.Id ? last : null;

    /// <summary>Alive without a place; what the runtime has lost track of may be alive too.</summary>
    private bool IsStray(ContainerStatus container) =>
        container.State == ContainerState.Unknown
        || (container.State == ContainerState.Running
            && (container.Sandbox != sandbox?.Id
                || status.TryGetNewest(container.Name) != container
                || !Names().Contains(container.Name)));

    private IEnumerable<string> Names() =>
        pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Select(container => container.Name);
}
