using k8s.Models;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>How long a pod's worker takes, for upstream's metrics. Belongs to the worker's loop.</summary>
internal sealed class PodTimes(PodMetrics metrics, TimeProvider clock)
{
    private readonly long _seen = clock.GetTimestamp();
    private bool _hasBegun;
    private bool _hasRun;
    private bool _hasStarted;

    // A pod that a daemon before us has started does not start under us.
    private bool? _startsHere;

    /// <summary>A turn of the worker begins; it ends when the result is disposed.</summary>
    internal IDisposable Turn(bool terminates)
    {
        string operation = terminates ? "kill" : _hasBegun ? "sync" : "create";
        if (!_hasBegun)
        {
            _hasBegun = true;
            metrics.WorkerStartDuration.Observe(clock.GetElapsedTime(_seen).TotalSeconds);
        }

        return new OngoingTurn(this, operation, clock.GetTimestamp());
    }

    /// <summary>What the runtime has of the pod before a turn changes it.</summary>
    internal void Observed(PodStatus status) => _startsHere ??= status.Sandboxes.IsEmpty;

    /// <summary>The same of a pod that nobody wishes and nobody knew.</summary>
    internal void ObservedOrphan(PodStatus status)
    {
        if (_startsHere is null && !status.Sandboxes.IsEmpty)
        {
            metrics.Orphaned.Inc();
        }

        Observed(status);
    }

    /// <summary>The pod's status after a turn; null when it has none.</summary>
    internal void Reached(Pod pod, V1PodStatus? status, PodSyncState state)
    {
        if (_startsHere != true || status is null)
        {
            return;
        }

        TimeSpan total = clock.GetElapsedTime(_seen);
        if (!_hasRun && status.Phase == "Running")
        {
            _hasRun = true;
            metrics.StartDuration.Observe(total.TotalSeconds);
        }

        if (!_hasStarted && status.ContainerStatuses is { Count: > 0 } containers
            && containers.All(container => container.State?.Running is not null))
        {
            _hasStarted = true;
            metrics.Started(pod, total, state.PullTime(clock) + InitTime(status));
        }
    }

    private static TimeSpan InitTime(V1PodStatus status) => (status.InitContainerStatuses ?? [])
        .Select(init => init.State?.Terminated is { StartedAt: { } start, FinishedAt: { } end } && end > start ? end - start : TimeSpan.Zero)
        .Aggregate(TimeSpan.Zero, (sum, took) => sum + took);

    private sealed class OngoingTurn(PodTimes times, string operation, long start) : IDisposable
    {
        public void Dispose() => times.End(operation, start);
    }

    private void End(string operation, long start) =>
        metrics.WorkerDuration.WithLabels(operation).Observe(clock.GetElapsedTime(start).TotalSeconds);
}
