using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet;

/// <summary>
/// The kubelet's one decision point: every source writes to the inbox, and this loop alone reads it, so there is a
/// total order of events and no lock. It only routes; the pod workers do the slow work.
/// </summary>
/// <param name="sources">The sources that must each have told their wish before anything may be removed.</param>
internal sealed partial class SyncLoop(
    SyncInbox inbox,
    PodWorkers workers,
    ImmutableArray<string> sources,
    ActivityTracker activity,
    FlightRecorder flight,
    ILogger<SyncLoop> logger)
{
    private readonly Dictionary<string, ImmutableDictionary<PodUid, Pod>> _desired = [];

    // Found in the runtime before every source was ready: orphans, or pods that a source is still to name.
    private readonly Dictionary<PodUid, NamespacedName> _unclaimed = [];

    private readonly HashSet<string> _incomplete = [];

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile int _desiredPods;

    // Before the runtime answers for the first time, every sync would fail.
    private bool _isRuntimeReady;

    private bool SourcesReady => sources.All(_desired.ContainsKey) && _incomplete.Count == 0;

    /// <summary>Completes once every source has told its whole wish.</summary>
    internal Task Synced => _synced.Task;

    /// <summary>How many pods the sources want to run here.</summary>
    internal int DesiredPods => _desiredPods;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        workers.StopWith(cancellationToken);
        try
        {
            await foreach ((SyncEvent syncEvent, long cause) in inbox.Reader.ReadAllAsync(cancellationToken))
            {
                LogEvent(syncEvent);
                flight.Because(cause);
                Dispatch(syncEvent);
                activity.Leave();
            }
        }
        finally
        {
            await workers.WhenStoppedAsync();
        }
    }

    internal void Dispatch(SyncEvent syncEvent)
    {
        switch (syncEvent)
        {
            case SyncEvent.PodsDesired { Source: string source, Pods: ImmutableArray<Pod> pods, IsComplete: bool isComplete }:
                _ = isComplete ? _incomplete.Remove(source) : _incomplete.Add(source);
                Desire(source, pods.ToImmutableDictionary(pod => pod.Uid));
                break;
            case SyncEvent.Lifecycle { Event: PodLifecycleEvent lifecycle }:
                Route(lifecycle);
                break;
            case SyncEvent.PodFound { Uid: PodUid uid, Name: NamespacedName name }:
                Claim(uid, name);
                break;
            case SyncEvent.RuntimeReady:
                ResumeAll();
                break;
            case SyncEvent.ProbeResultChanged { Uid: PodUid uid }:
                workers.Resync(uid, null);
                break;
            case SyncEvent.PodEvicted { Uid: PodUid uid, Failure: PodFailure failure }:
                workers.Fail(uid, failure);
                break;
            case SyncEvent.PodEnded { Uid: PodUid uid }:
                workers.Ended(uid);
                break;
            case SyncEvent.PodFinished { Uid: PodUid uid }:
                workers.Finished(uid);
                break;
            default:
                throw new UnreachableException($"Unhandled {syncEvent.GetType().Name}.");
        }
    }

    private void Desire(string source, ImmutableDictionary<PodUid, Pod> wished)
    {
        ImmutableDictionary<PodUid, Pod> before =
            _desired.GetValueOrDefault(source, ImmutableDictionary<PodUid, Pod>.Empty);
        _desired[source] = wished;
        _desiredPods = _desired.Values.Sum(pods => pods.Count);
        if (SourcesReady)
        {
            _synced.TrySetResult();
        }

        foreach (PodUid gone in before.Keys.Except(wished.Keys))
        {
            workers.Delete(gone);
        }

        // Before anything starts: an orphan may have the name of a pod that is wished, and they must not run together.
        RemoveOrphans();
        if (_isRuntimeReady)
        {
            Start(wished.Values.Where(pod => !ReferenceEquals(before.GetValueOrDefault(pod.Uid), pod)));
        }
    }

    private void ResumeAll()
    {
        if (!_isRuntimeReady)
        {
            _isRuntimeReady = true;
            Start(_desired.Values.SelectMany(pods => pods.Values));
        }

        workers.ResyncAll();
    }

    private void Start(IEnumerable<Pod> pods)
    {
        // Only among several is there an order, and asking for it reads a directory.
        Pod[] all = [.. pods];
        ImmutableHashSet<PodUid> known = all.Length > 1 ? workers.Known() : [];
        foreach (Pod pod in all.OrderBy(pod => !known.Contains(pod.Uid)).ThenBy(pod => pod.Name))
        {
            workers.Update(pod);
        }
    }

    private void Route(PodLifecycleEvent lifecycle)
    {
        if (workers.Contains(lifecycle.Pod))
        {
            bool died = lifecycle.Type == PodLifecycleEventType.ContainerDied;
            workers.Resync(lifecycle.Pod, died ? lifecycle.Container : null);
        }
        else if (lifecycle is { Type: not PodLifecycleEventType.ContainerRemoved, PodName: { } name })
        {
            Claim(lifecycle.Pod, name);
        }
    }

    private void Claim(PodUid uid, NamespacedName name)
    {
        if (!workers.Contains(uid))
        {
            _unclaimed[uid] = name;
            RemoveOrphans();
        }
    }

    /// <summary>Until every source has told its whole wish, what looks like an orphan may be a pod yet to be named.</summary>
    private void RemoveOrphans()
    {
        if (!SourcesReady)
        {
            return;
        }

        foreach ((PodUid uid, NamespacedName name) in _unclaimed)
        {
            if (!_desired.Values.Any(pods => pods.ContainsKey(uid)))
            {
                workers.DeleteOrphan(uid, name);
            }
        }

        _unclaimed.Clear();
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Debug, Message = "SyncLoop {SyncEvent}")]
    private partial void LogEvent(SyncEvent syncEvent);
}

/// <summary>
/// The way into the sync loop. Every event counts as work under way until the loop has dispatched it, and carries what
/// its sender named as the cause.
/// </summary>
internal sealed class SyncInbox(ActivityTracker activity, FlightRecorder flight)
{
    // Unbounded: the loop only routes and is never behind for long, while a writer that waited for it could be one of
    // the workers it routes to.
    private readonly Channel<(SyncEvent Event, long Cause)> _events =
        Channel.CreateUnbounded<(SyncEvent Event, long Cause)>(new UnboundedChannelOptions { SingleReader = true });

    internal ChannelReader<(SyncEvent Event, long Cause)> Reader => _events.Reader;

    internal void Post(SyncEvent syncEvent)
    {
        activity.Enter();
        _events.Writer.TryWrite((syncEvent, flight.Cause));
    }

    /// <summary>Records an observation, and posts what follows from it.</summary>
    internal void Post(string subject, string observed, SyncEvent syncEvent)
    {
        long before = flight.Cause;
        flight.Because(flight.Record(FlightEntryKind.Observed, subject, observed));
        Post(syncEvent);
        flight.Because(before);
    }
}
