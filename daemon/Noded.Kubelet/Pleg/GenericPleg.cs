using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Prometheus;

namespace Noded.Kubelet.Pleg;

/// <summary>
/// Lists the whole runtime, compares with the list before, and reports the difference. With an event stream it is the
/// audit; without one it is the only source. Calls of <see cref="RelistAsync"/> follow one another, never overlap.
/// </summary>
internal sealed partial class GenericPleg(
    IRuntimeService runtime,
    ContainerIndex index,
    SyncInbox inbox,
    PlegMetrics metrics,
    TimeProvider clock,
    ILogger<GenericPleg> logger) : IDisposable
{
    /// <summary>A relist this much overdue means that the runtime hangs, and the node is not ready.</summary>
    internal static readonly TimeSpan RelistThreshold = TimeSpan.FromMinutes(3);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private RuntimeSnapshot _last = RuntimeSnapshot.Empty;
    private long _lastRelist;
    private long _startedAt;
    private volatile bool _isAnswering;

    /// <summary>How long ago the last relist succeeded; null before the first.</summary>
    internal TimeSpan? SinceLastRelist =>
        Volatile.Read(ref _lastRelist) is var last and not 0 ? clock.GetElapsedTime(last) : null;

    /// <summary>The last relist succeeded, and one that goes on now is not overdue.</summary>
    internal bool IsAnswering => _isAnswering
        && (Volatile.Read(ref _startedAt) is not (var started and not 0) || clock.GetElapsedTime(started) < RelistThreshold);

    /// <exception cref="IOException">The runtime did not answer.</exception>
    internal async Task RelistAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        if (SinceLastRelist is { } interval)
        {
            metrics.RelistInterval.Observe(interval.TotalSeconds);
        }

        Volatile.Write(ref _startedAt, clock.GetTimestamp());
        try
        {
            using (metrics.RelistDuration.NewTimer())
            {
                RuntimeSnapshot current = new(
                    await runtime.ListPodSandboxesAsync(null, cancellationToken),
                    await runtime.ListContainersAsync(null, cancellationToken));
                Report(current);
                _last = current;
            }

            Volatile.Write(ref _lastRelist, clock.GetTimestamp());
            metrics.LastSeen.Set(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1e3);
            if (!_isAnswering)
            {
                // After the list, so that what it found is known before anything is started.
                _isAnswering = true;
                inbox.Post(new SyncEvent.RuntimeReady());
            }
        }
        catch (IOException)
        {
            _isAnswering = false;
            throw;
        }
        finally
        {
            Volatile.Write(ref _startedAt, 0);
            _turn.Release();
        }
    }

    /// <summary>The runtime was gone for a moment: its next answer is news even if no relist has failed.</summary>
    internal void Distrust() => _isAnswering = false;

    public void Dispose() => _turn.Dispose();

    private void Report(RuntimeSnapshot current)
    {
        foreach ((ContainerId id, PodUid pod) in current.Owners)
        {
            index.Add(id, pod);
        }

        ImmutableArray<PodLifecycleEvent> events = current.ChangesSince(_last);
        LogRelist(current.Owners.Count, events.Length);
        foreach (PodLifecycleEvent lifecycle in events)
        {
            if (lifecycle is { Type: PodLifecycleEventType.ContainerRemoved, Container: { } removed })
            {
                index.Remove(removed);
            }

            inbox.Post(new SyncEvent.Lifecycle(lifecycle));
        }
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Debug, Message = "Relist found {Count} containers and {Changes} changes")]
    private partial void LogRelist(int count, int changes);
}
