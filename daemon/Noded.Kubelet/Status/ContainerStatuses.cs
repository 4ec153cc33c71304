using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Status;

/// <summary>The status of one container as the API shows it.</summary>
internal static class ContainerStatuses
{
    private const string StatusUnknown = "ContainerStatusUnknown";
    private const int Sigkilled = 137;

    /// <param name="runsToEnd">An init container that is no sidecar: ready once it has succeeded.</param>
    /// <param name="before">What was shown last; null for the first time.</param>
    /// <param name="hasInits">The pod has init containers: its containers wait for them rather than for their creation.</param>
    internal static V1ContainerStatus Compute(
        V1Container container, SyncResult result, V1ContainerStatus? before, bool runsToEnd, bool hasInits)
    {
        ContainerStatus? newest = result.Status.TryGetNewest(container.Name);
        ContainerStatus? previous = newest is null
            ? null
            : result.Status.Containers.FirstOrDefault(
                other => other.Name == container.Name && other.Attempt < newest.Attempt);
        V1ContainerState state = State(container.Name, newest, result, hasInits);

        ContainerHealth? health = state.Running is not null && newest is not null ? result.Health.Of(newest.Id) : null;

        // A container that waits to run again shows its end as the last state.
        V1ContainerState? last = state.Waiting is not null && newest?.State == ContainerState.Exited
            ? new V1ContainerState { Terminated = Terminated(newest) }
            : previous is not null ? new V1ContainerState { Terminated = Terminated(previous) }
            : IsAfterLost(container.Name, newest, result.Status, before) ? new V1ContainerState { Terminated = Lost() }
            : null;

        return new V1ContainerStatus
        {
            Name = container.Name,
            Image = newest?.Image is { Length: > 0 } image ? image : container.Image,
            ImageID = newest?.ImageRef ?? string.Empty,
            ContainerID = newest?.Id.ToApi(),
            RestartCount = (int)(newest?.Attempt
                ?? (result.Status.Lost.TryGetValue(container.Name, out uint attempt) ? attempt + 1 : 0)),
            Ready = runsToEnd ? state.Terminated is { ExitCode: 0 } : health?.IsReady == true,
            Started = health?.IsStarted == true,
            State = state,
            LastState = last,
        };
    }

    private static V1ContainerState State(
        string name, ContainerStatus? newest, SyncResult result, bool hasInits)
    {
        if (newest?.State == ContainerState.Running)
        {
            return new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = Utc(newest.StartedAt) } };
        }

        if (result.Failures.TryGetValue(name, out StartFailure? failure))
        {
            return Waiting(failure.Reason, failure.Message);
        }

        if (result.BackedOff.FirstOrDefault(backedOff => backedOff.Name == name) is { } waiting)
        {
            // With the wait's length, not its end: the message is the same while it lasts.
            return Waiting(
                "CrashLoopBackOff",
                string.Create(CultureInfo.InvariantCulture, $"back-off {waiting.Delay.TotalSeconds}s restarting failed container={name}"));
        }

        return newest?.State == ContainerState.Exited
            ? new V1ContainerState { Terminated = Terminated(newest) }
            : Waiting(hasInits ? "PodInitializing" : "ContainerCreating", null);
    }

    /// <summary>Its predecessor was removed behind our back, as the runtime tells now or was told before.</summary>
    private static bool IsAfterLost(string name, ContainerStatus? newest, PodStatus status, V1ContainerStatus? before) =>
        status.Lost.TryGetValue(name, out uint lost)
            ? newest is null || newest.Attempt == lost + 1
            : before?.LastState?.Terminated is { Reason: StatusUnknown } && before.RestartCount == newest?.Attempt;

    /// <summary>What upstream shows of a container whose end nobody saw.</summary>
    private static V1ContainerStateTerminated Lost() => new()
    {
        ExitCode = Sigkilled,
        Reason = StatusUnknown,
        Message = "The container could not be located when the pod was terminated",
    };

    private static V1ContainerState Waiting(string reason, string? message) =>
        new() { Waiting = new V1ContainerStateWaiting { Reason = reason, Message = message } };

    private static V1ContainerStateTerminated Terminated(ContainerStatus container) => new()
    {
        ExitCode = container.ExitCode,
        Reason = container.Reason,
        Message = container.Message.Length == 0 ? null : container.Message,
        StartedAt = Utc(container.StartedAt),
        FinishedAt = Utc(container.FinishedAt),
        ContainerID = container.Id.ToApi(),
    };

    private static DateTime? Utc(DateTimeOffset? time) => time?.UtcDateTime;
}
