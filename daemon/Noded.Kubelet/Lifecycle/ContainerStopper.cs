using System.Collections.Immutable;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Lifecycle;

/// <summary>
/// The one way in which a container is stopped: the event, its preStop hook, its stop signal, and what is left of the
/// grace period. Repeats safely.
/// </summary>
internal sealed partial class ContainerStopper(
    IRuntimeService runtime, HookRunner hooks, EventRecorder events, TimeProvider clock, ILogger<ContainerStopper> logger)
{
    /// <summary>Is left for the container's own end whatever its hook took.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Stops several containers: side by side, but sidecars after all others, the last one first. They share the grace
    /// period: what the others took is not given again.
    /// </summary>
    /// <param name="pod">Null for an orphan, of whose sidecars nothing is known.</param>
    internal async Task StopAllAsync(
        NamespacedName name,
        Pod? pod,
        IEnumerable<ContainerToStop> stops,
        Func<ContainerId, bool> beginPreStop,
        CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        foreach (ImmutableArray<ContainerToStop> together in TerminationOrder.Compute(pod, stops))
        {
            TimeSpan taken = clock.GetElapsedTime(start);
            await Task.WhenAll(together.Select(stop => StopAsync(
                name, pod, stop with { GracePeriod = Left(stop.GracePeriod, taken) }, beginPreStop, cancellationToken)));
        }
    }

    private static TimeSpan Left(TimeSpan gracePeriod, TimeSpan taken) =>
        gracePeriod > taken ? gracePeriod - taken : TimeSpan.Zero;

    /// <param name="pod">Null for an orphan, of whose hooks nothing is known.</param>
    /// <param name="beginPreStop">Whether a container's hook is to run: a stop that repeats does not repeat it.</param>
    internal async Task StopAsync(
        NamespacedName name,
        Pod? pod,
        ContainerToStop stop,
        Func<ContainerId, bool> beginPreStop,
        CancellationToken cancellationToken)
    {
        ContainerStatus container = stop.Container;
        events.Normal(Subjects.OfContainer(name, pod, container.Name), "Killing", stop.Reason);
        TimeSpan gracePeriod = stop.GracePeriod;
        if (pod?.TryGetContainer(container.Name) is { Lifecycle.PreStop: { } hook } spec
            && container.State == ContainerState.Running
            && gracePeriod > TimeSpan.Zero
            && beginPreStop(container.Id))
        {
            gracePeriod -= await RunPreStopAsync(pod, spec, container.Id, hook, gracePeriod, cancellationToken);
        }

        await runtime.StopContainerAsync(
            container.Id, gracePeriod > Least || pod is null ? gracePeriod : Least, cancellationToken);
    }

    /// <summary>Breaks the hook off when the grace period is over; returns how much of that it took.</summary>
    private async Task<TimeSpan> RunPreStopAsync(
        Pod pod,
        V1Container container,
        ContainerId id,
        V1LifecycleHandler hook,
        TimeSpan gracePeriod,
        CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        using CancellationTokenSource limit = new(gracePeriod, clock);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await hooks.RunAsync(pod, container, id, hook, both.Token);
        }
        catch (HookException e)
        {
            LogHookFailed("preStop", container.Name, pod.Name, e.Message);
            events.Warn(Subjects.OfContainer(pod, container.Name), "FailedPreStopHook", "PreStopHook failed");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            LogHookFailed("preStop", container.Name, pod.Name, "not completed in grace period");
        }

        return clock.GetElapsedTime(start);
    }

    [LoggerMessage(EventId = 1501, Level = LogLevel.Warning, Message = "{Hook} hook of container {Container} in pod {Pod}: {Failure}")]
    private partial void LogHookFailed(string hook, string container, NamespacedName pod, string failure);
}

/// <summary>A container to stop, why, and how long it may take.</summary>
internal sealed record ContainerToStop(ContainerStatus Container, string Reason, TimeSpan GracePeriod);
