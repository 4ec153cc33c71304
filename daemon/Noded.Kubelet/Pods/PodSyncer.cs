using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Volumes;

namespace Noded.Kubelet.Pods;

/// <summary>Brings one pod to what is wished: reads the runtime, computes <see cref="PodActions"/>, carries them out.</summary>
internal sealed class PodSyncer(
    IRuntimeService runtime,
    ImagePuller images,
    ContainerStopper stopper,
    HookRunner hooks,
    VolumeManager volumes,
    ContainerSpecs specs,
    SandboxSpecs sandboxes,
    PodNameService names,
    PodLogs logs,
    TerminationMessages messages,
    CgroupManager cgroups,
    ContainerIndex index,
    PodJournal journal,
    StartTurns turns,
    TimeProvider clock)
{
    /// <exception cref="IOException">The runtime or the machine failed; later may be better.</exception>
    internal async Task<SyncResult> SyncAsync(
        Pod pod, PodStatus status, PodSyncState state, CancellationToken cancellationToken)
    {
        status = status with { Lost = logs.FindLost(pod, status) };
        NoteEnds(status, state);
        PodActions actions = PodActions.Compute(
            pod, status, state.Restarts, SpecHash.Compute, clock.GetUtcNow(), state.Health, DeadlineOf(pod, status, state),
            state.Failure ?? state.Requested,
            isTerminal: state.Intents.Terminal is not null);
        if (actions.Failure is { } failure && state.Failure is null)
        {
            state.Record(intents => intents with { Failure = failure });
            journal.Failed(pod, failure);
        }

        Dictionary<string, StartFailure> failures = [];
        DateTimeOffset? retryAt = actions.NextSync;

        if (!actions.Start.IsEmpty || (status.NewestSandbox is { IsReady: true } && actions.StopSandboxes.IsEmpty))
        {
            // Of a pod that runs already, too: a daemon that returns sets its limits anew.
            cgroups.Ensure(pod);
        }

        if (!actions.IsEmpty)
        {
            await StopAsync(pod, actions, state, cancellationToken);
            retryAt = Earlier(retryAt, await StartAsync(pod, status, actions, state, failures, cancellationToken));
            if (actions.Start.Any(start => start.Container.IsRestartableInit() && !failures.ContainsKey(start.Container.Name)))
            {
                // Nobody will tell that a sidecar runs, and what comes after it waits for that.
                retryAt = Earlier(retryAt, clock.GetUtcNow());
            }

            status = (await runtime.GetPodStatusAsync(pod.Uid, cancellationToken)) with { Lost = status.Lost };
        }

        logs.Sync(pod, status);
        foreach (BackedOffContainer waiting in actions.BackedOff)
        {
            journal.BackOff(pod, waiting.Name);
        }

        return new SyncResult(status, failures.ToImmutableDictionary(), actions.BackedOff, retryAt)
        {
            Failure = state.Failure,
            Terminal = state.Intents.Terminal,
        };
    }

    private async Task StopAsync(Pod pod, PodActions actions, PodSyncState state, CancellationToken cancellationToken)
    {
        await stopper.StopAllAsync(
            pod.Name,
            pod,
            actions.Kill.Select(kill => new ContainerToStop(kill.Container, kill.Reason, PodTerminator.GracePeriod(pod, kill, state.Failure))),
            state.TryBeginPreStop,
            cancellationToken);

        foreach (ContainerStatus unused in actions.Remove)
        {
            await runtime.RemoveContainerAsync(unused.Id, cancellationToken);
            logs.Remove(pod.Uid, pod.Name, unused);
            messages.Remove(pod.Uid, unused);
        }

        foreach (PodSandbox sandbox in actions.StopSandboxes)
        {
            await runtime.StopPodSandboxAsync(sandbox.Id, cancellationToken);
        }
    }

    private async Task<DateTimeOffset?> StartAsync(
        Pod pod,
        PodStatus status,
        PodActions actions,
        PodSyncState state,
        Dictionary<string, StartFailure> failures,
        CancellationToken cancellationToken)
    {
        if (actions.Start.IsEmpty)
        {
            return null;
        }

        await volumes.PrepareAsync(pod, cancellationToken);
        PodSandboxSpec sandbox = sandboxes.Compose(pod, actions.SandboxAttempt ?? status.NewestSandbox!.Attempt);
        if (actions.SandboxAttempt is not null)
        {
            sandbox = await sandboxes.CompleteAsync(sandbox, cancellationToken);
        }

        PodSandboxId sandboxId = actions.SandboxAttempt is null
            ? status.NewestSandbox!.Id
            : await CreateSandboxAsync(sandbox, status, state, cancellationToken);

        ImmutableArray<string> podIps = pod.HostNetwork ? names.HostIps
            : actions.SandboxAttempt is null ? status.Ips
            : await runtime.GetPodSandboxIpsAsync(sandboxId, cancellationToken);
        DateTimeOffset? retryAt = null;
        foreach (ContainerToStart start in actions.Start)
        {
            try
            {
                await StartContainerAsync(sandboxId, sandbox, start, podIps, state, cancellationToken);
            }
            catch (ContainerStartException e)
            {
                // One container that cannot start does not keep the pod's others from starting.
                failures[start.Container.Name] = e.Failure;
                retryAt = Earlier(retryAt, e.RetryAt ?? clock.GetUtcNow() + PodWorker.RetryPeriod);
            }
        }

        return retryAt;
    }

    private async Task<PodSandboxId> CreateSandboxAsync(
        PodSandboxSpec sandbox, PodStatus status, PodSyncState state, CancellationToken cancellationToken)
    {
        if (status.NewestSandbox is not null)
        {
            journal.SandboxChanged(sandbox.Pod);
        }

        Directory.CreateDirectory(sandbox.LogDirectory);
        PodSandboxId created = await turns.RunAsync(
            StartStage.RunSandbox,
            () => journal.CreateSandboxAsync(
                sandbox.Pod, () => runtime.RunPodSandboxAsync(sandbox, cancellationToken)),
            cancellationToken);
        index.Add(new ContainerId(created.Value), sandbox.Pod.Uid);
        if (status.NewestSandbox is not null)
        {
            state.Restarts.Failed(PodActions.SandboxKey, clock.GetUtcNow());
        }

        return created;
    }

    private async Task StartContainerAsync(
        PodSandboxId sandboxId,
        PodSandboxSpec sandbox,
        ContainerToStart start,
        ImmutableArray<string> podIps,
        PodSyncState state,
        CancellationToken cancellationToken)
    {
        Pod pod = sandbox.Pod;
        string name = start.Container.Name;
        string imageRef = await images.EnsureAsync(pod, start.Container, state, cancellationToken);
        ContainerSpec spec = await specs.ComposeAsync(pod, start, imageRef, podIps, cancellationToken);
        Directory.CreateDirectory(Path.Combine(sandbox.LogDirectory, name));

        ContainerId created = await turns.RunAsync(
            StartStage.CreateContainer,
            () => journal.CreateContainerAsync(
                pod, name, () => runtime.CreateContainerAsync(sandboxId, sandbox, spec, cancellationToken)),
            cancellationToken);
        index.Add(created, pod.Uid);
        if (start.After?.FinishedAt is not null)
        {
            state.Restarts.Restarted(name, clock.GetUtcNow());
        }

        await turns.RunAsync(
            StartStage.StartContainer,
            () => journal.StartContainerAsync(pod, name, () => runtime.StartContainerAsync(created, cancellationToken)),
            cancellationToken);
        if (start.Container.Lifecycle?.PostStart is { } hook)
        {
            await RunPostStartAsync(pod, start.Container, created, hook, state, cancellationToken);
        }
    }

    /// <summary>The container counts as running once its hook is over; one whose hook fails is ended.</summary>
    private async Task RunPostStartAsync(
        Pod pod,
        V1Container container,
        ContainerId id,
        V1LifecycleHandler hook,
        PodSyncState state,
        CancellationToken cancellationToken)
    {
        try
        {
            await hooks.RunAsync(pod, container, id, hook, cancellationToken);
        }
        catch (HookException e)
        {
            journal.PostStartFailed(pod, container.Name);
            PodStatus status = await runtime.GetPodStatusAsync(pod.Uid, cancellationToken);
            if (status.Containers.FirstOrDefault(started => started.Id == id) is { State: ContainerState.Running } running)
            {
                await stopper.StopAsync(
                    pod.Name,
                    pod,
                    new ContainerToStop(running, "FailedPostStartHook", PodTerminator.GracePeriod(pod)),
                    state.TryBeginPreStop,
                    cancellationToken);
            }

            throw new ContainerStartException("PostStartHookError", e.Message);
        }
    }

    /// <summary>When the pod has been active for as long as it may; a daemon that returns counts from its first sandbox.</summary>
    private DateTimeOffset? DeadlineOf(Pod pod, PodStatus status, PodSyncState state)
    {
        DateTimeOffset now = clock.GetUtcNow();
        state.ActiveSince ??= status.Sandboxes.Select(sandbox => sandbox.CreatedAt).Append(now).Min();
        return pod.Spec.ActiveDeadlineSeconds is { } seconds ? state.ActiveSince + TimeSpan.FromSeconds(seconds) : null;
    }

    private void NoteEnds(PodStatus status, PodSyncState state)
    {
        foreach (ContainerStatus ended in status.Containers.Where(container => container.State == ContainerState.Exited))
        {
            if (status.TryGetNewest(ended.Name) == ended)
            {
                state.Restarts.Ended(ended.Name, ended.Id.Value, clock.GetUtcNow());
            }
        }
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other ?? one : one;
}
