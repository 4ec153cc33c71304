using Grpc.Core;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pleg;

/// <summary>
/// Turns the runtime's events into looks at the pod concerned, and keeps the audit going: often while there is no
/// stream, rarely while there is one.
/// </summary>
internal sealed partial class EventedPleg(
    IRuntimeEvents events,
    GenericPleg generic,
    ContainerIndex index,
    SyncInbox inbox,
    PlegMetrics metrics,
    FlightRecorder flight,
    TimeProvider clock,
    ILogger<EventedPleg> logger)
{
    /// <summary>Between audits while events come.</summary>
    internal static readonly TimeSpan AuditPeriod = TimeSpan.FromMinutes(5);

    /// <summary>Between relists while no events come; upstream's period.</summary>
    internal static readonly TimeSpan RelistPeriod = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);

    private volatile bool _hasStream;

    // The runtime has no events at all, which it may tell late: a stream counts only once something has come of it.
    private bool _isRefused;

    /// <summary>The runtime answered when it was asked last, and no answer is overdue.</summary>
    internal bool IsHealthy =>
        generic.IsAnswering
        && generic.SinceLastRelist is { } since
        && since < AuditPeriod + GenericPleg.RelistThreshold;

    internal bool HasStream => _hasStream;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Neither ends but by a failure or cancellation; a failure of one must not wait for the other.
        await await Task.WhenAny(AuditAsync(cancellationToken), StreamAsync(cancellationToken));
    }

    private async Task StreamAsync(CancellationToken cancellationToken)
    {
        Backoff backoff = new(FirstRetry, RelistPeriod, () => 0);
        string? lastFailure = null;
        while (true)
        {
            try
            {
                await FollowAsync(backoff, cancellationToken);
                _isRefused = false;
            }
            catch (IOException e)
            {
                metrics.EventStreamErrors.Inc();
                if (_hasStream || lastFailure != e.Message)
                {
                    // Tried again every second: the same answer is told once.
                    LogStreamBroken(e);
                    flight.Record(FlightEntryKind.Failed, "runtime", $"no event stream: {e.Message}");
                }

                lastFailure = e.Message;
                _isRefused = e is RuntimeCallException { Code: StatusCode.Unimplemented };
            }

            if (!_isRefused)
            {
                generic.Distrust();
            }

            _hasStream = false;
            await Task.Delay(backoff.Next(), clock, cancellationToken);
        }
    }

    private async Task FollowAsync(Backoff backoff, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IAsyncEnumerator<RuntimeEvent> stream = events.SubscribeAsync(stop.Token).GetAsyncEnumerator(stop.Token);

        // The request for the stream goes out first, so that nothing falls between the list and the stream.
        Task<bool> next = stream.MoveNextAsync().AsTask();
        try
        {
            await generic.RelistAsync(cancellationToken);
            if (next.IsFaulted)
            {
                await next;
            }

            backoff.Reset();
            await HandleAllAsync(stream, next, cancellationToken);
        }
        finally
        {
            // An iterator cannot be disposed while it is moving.
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stream.DisposeAsync();
        }
    }

    private async Task HandleAllAsync(
        IAsyncEnumerator<RuntimeEvent> stream, Task<bool> next, CancellationToken cancellationToken)
    {
        if (!_isRefused)
        {
            Open();
        }

        while (await next)
        {
            if (!_hasStream)
            {
                Open();
            }

            await HandleAsync(stream.Current, cancellationToken);
            next = stream.MoveNextAsync().AsTask();
        }
    }

    private void Open()
    {
        _hasStream = true;
        metrics.EventStreamConnections.Inc();
        flight.Record(FlightEntryKind.Observed, "runtime", "event stream open");
        LogStreamOpen();
    }

    private async Task HandleAsync(RuntimeEvent runtimeEvent, CancellationToken cancellationToken)
    {
        if (runtimeEvent.Time is { } time)
        {
            metrics.EventLatency.Observe(Math.Max(0, (clock.GetUtcNow() - time).TotalSeconds));
        }

        PodUid? pod = index.TryGet(runtimeEvent.Container);
        if (runtimeEvent.Type == RuntimeEventType.Deleted)
        {
            index.Remove(runtimeEvent.Container);
        }

        switch (runtimeEvent.Type, pod)
        {
            case (RuntimeEventType.Exited, { } known):
                inbox.Post($"container {runtimeEvent.Container}", "exited", new SyncEvent.Lifecycle(new PodLifecycleEvent(
                    known, null, PodLifecycleEventType.ContainerDied, runtimeEvent.Container)));
                break;
            case (RuntimeEventType.Deleted, { } known):
                inbox.Post(new SyncEvent.Lifecycle(new PodLifecycleEvent(
                    known, null, PodLifecycleEventType.ContainerRemoved, runtimeEvent.Container)));
                break;
            case (RuntimeEventType.Exited, null):
                // Somebody else's container, or one made just now: the list tells.
                await generic.RelistAsync(cancellationToken);
                break;
            default:
                break;
        }
    }

    private async Task AuditAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_hasStream ? AuditPeriod : RelistPeriod, clock, cancellationToken);
            if (!_hasStream)
            {
                // Every try to open the stream relists.
                continue;
            }

            try
            {
                await generic.RelistAsync(cancellationToken);
            }
            catch (IOException e)
            {
                LogRelistFailed(e);
            }
        }
    }

    [LoggerMessage(EventId = 1104, Level = LogLevel.Information, Message = "The runtime's event stream is open")]
    private partial void LogStreamOpen();

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message = "The runtime has no event stream for us; relisting until it has")]
    private partial void LogStreamBroken(Exception exception);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Warning, Message = "Relist failed")]
    private partial void LogRelistFailed(Exception exception);
}
