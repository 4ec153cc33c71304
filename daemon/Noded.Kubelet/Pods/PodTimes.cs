using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>How long a pod's worker takes, for upstream's metrics. Belongs to the worker's loop.</summary>
internal sealed class PodTimes(PodMetrics metrics, TimeProvider clock)
{
    private readonly long _seen = clock.GetTimestamp();
    private bool _hasBegun;
    private bool _hasRun;

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

    /// <summary>The pod's phase after a turn.</summary>
    internal void Reached(string? phase)
    {
        if (!_hasRun && phase == "Running")
        {
            _hasRun = true;
            if (_startsHere == true)
            {
                metrics.StartDuration.Observe(clock.GetElapsedTime(_seen).TotalSeconds);
            }
        }
    }

    private sealed class OngoingTurn(PodTimes times, string operation, long start) : IDisposable
    {
        public void Dispose() => times.End(operation, start);
    }

    private void End(string operation, long start) =>
        metrics.WorkerDuration.WithLabels(operation).Observe(clock.GetElapsedTime(start).TotalSeconds);
}
