using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Carries one pod through its phases, one step at a time. The sync loop sets the wish and posts signals; everything
/// else belongs to the worker's own loop. A call that hangs holds up this pod alone.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A source without timer or handle holds nothing, and Delete may come at any time.")]
internal sealed partial class PodWorker
{
    /// <summary>How long a step that failed waits when nothing says otherwise.</summary>
    internal static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(10);

    private readonly PodWorkerServices _services;
    private readonly ILogger _logger;
    private readonly PodSyncState _state;
    private readonly Backoff _retries;
    private readonly ITimer _timer;
    private readonly ITimer _watchdog;
    private readonly OngoingCall _ongoing;
    private readonly PodTimes _times;

    // Unbounded, but each turn takes all of it: it holds what came during one step.
    private readonly Channel<Signal> _signals =
        Channel.CreateUnbounded<Signal>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _deletion = new();
    private readonly ShrinkingGrace _grace = new();

    // Ends that were reported and that the runtime is still to confirm; kept over steps that fail.
    private readonly HashSet<ContainerId> _died = [];

    private volatile Pod? _pod;

    // The last step failed: until its time has come or the wish changes, events do not make it be tried again.
    private bool _isBackingOff;

    internal PodWorker(PodUid uid, NamespacedName name, PodIntents intents, PodWorkerServices services)
    {
        Uid = uid;
        Name = name;
        _services = services;
        _logger = services.Logger;
        _state = new PodSyncState(uid, intents, services.Intents, services.NewBackoff(), services.NewBackoff());
        _retries = new Backoff(TimeSpan.FromSeconds(1), RetryPeriod, services.Jitter);
        _timer = services.Clock.CreateTimer(_ => Post(null), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _ongoing = new OngoingCall(services.Clock);
        _times = new PodTimes(services.Metrics, services.Clock);
        _watchdog = services.Clock.CreateTimer(_ => Watch(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal PodUid Uid { get; }

    internal NamespacedName Name { get; }

    internal PodWorkerPhase Phase { get; private set; }

    /// <summary>The pod is on its way out; a wish for it that comes now is for the time after.</summary>
    internal bool IsDeleted => _deletion.IsCancellationRequested;

    /// <summary>The wish; null for an orphan.</summary>
    internal Pod? Pod => _pod;

    /// <summary>Nothing of the pod will run again, though what runs of it may still be on its way out.</summary>
    internal bool HasEnded => _state.Requested is not null || _state.Intents is { Failure: not null } or { Terminal: not null };

    /// <summary>The last status is written down: nothing of the pod runs.</summary>
    internal bool IsOver => _state.Intents.Terminal is not null;

    /// <summary>The node ends the pod; the first reason counts.</summary>
    internal void Fail(PodFailure failure)
    {
        _state.Requested ??= failure;
        Post(null);
    }

    /// <summary>Sets the wish; the worker converges to the latest one.</summary>
    internal void Update(Pod pod)
    {
        _pod = pod;
        Post(null);
    }

    /// <summary>
    /// The pod must go. What is being done for it is broken off; so is a stop under way that would take longer than
    /// this one.
    /// </summary>
    /// <param name="gracePeriod">Null for the pod's own. It can shrink, and never grows.</param>
    internal void Delete(TimeSpan? gracePeriod = null)
    {
        _grace.Shrink(gracePeriod);
        _deletion.Cancel();
        Post(null);
    }

    /// <summary>Look again; <paramref name="died"/> names a container that ended, though the runtime may not say so yet.</summary>
    /// <param name="isDue">False for what the worker's own failing steps can cause: it waits while they do.</param>
    internal void Post(ContainerId? died, bool isDue = true)
    {
        _services.Activity.Enter();
        if (!_signals.Writer.TryWrite(new Signal(died, isDue, _services.Flight.Cause)))
        {
            _services.Activity.Leave();
        }
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await using ITimer timer = _timer;
        await using ITimer watchdog = _watchdog;
        _ongoing.Enter();
        try
        {
            while (Phase != PodWorkerPhase.Finished)
            {
                await _signals.Reader.WaitToReadAsync(cancellationToken);
                await TakeTurnAsync(cancellationToken);
            }
        }
        finally
        {
            // What nobody will read any more is no work under way.
            _signals.Writer.TryComplete();
            Leave(Drain().Count);
        }
    }

    /// <summary>One step for all signals that wait; they count as work until what follows from it is on its way.</summary>
    private async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        (int count, bool isDue) = Drain();
        try
        {
            if (isDue || !_isBackingOff)
            {
                _watchdog.Change(OngoingCall.Patience, OngoingCall.Patience);
                await StepAsync(cancellationToken);
                _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                Stall(null);
            }

            if (Phase == PodWorkerPhase.Finished)
            {
                _services.Finished(Uid);
            }
        }
        finally
        {
            Leave(count);
        }
    }

    /// <summary>A step takes long: says so if it is a call that is overdue.</summary>
    private void Watch()
    {
        if (_ongoing.Overdue() is { } call)
        {
            Stall(call);
        }
    }

    private void Stall(string? call)
    {
        if (_pod is { } pod)
        {
            _services.Statuses.Stall(pod, call);
        }
    }

    private (int Count, bool IsDue) Drain()
    {
        int count = 0;
        bool isDue = false;
        for (; _signals.Reader.TryRead(out Signal signal); count++)
        {
            _services.Flight.Because(signal.Cause);
            isDue |= signal.IsDue;
            if (signal.Died is { } died)
            {
                _died.Add(died);
            }
        }

        return (count, isDue);
    }

    private void Leave(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _services.Activity.Leave();
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        bool terminates = IsDeleted;
        using IDisposable turn = _times.Turn(terminates);
        _isBackingOff = false;
        using CancellationTokenSource step =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _deletion.Token);
        try
        {
            if (terminates)
            {
                Phase = PodWorkerPhases.Next(Phase, PodSignal.Deleted);
                await TerminateAsync(cancellationToken);
            }
            else if (_pod is { } pod)
            {
                await SyncAsync(pod, step.Token);
            }

            _retries.Reset();
        }
        catch (PodRejectionException e)
        {
            Fail(e.Failure);
        }
        catch (Exception) when (!terminates && step.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The wish changed under the step; the signal that said so is in the mailbox.
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The runtime and the machine fail with IOException; anything else is our mistake, and must not cost the
            // node more than this pod.
            TimeSpan delay = _retries.Next();
            _isBackingOff = true;
            _services.Flight.Record(FlightEntryKind.Failed, Pod.SubjectOf(Name), e.Message);
            LogStepFailed(Name, delay, e);
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task SyncAsync(Pod pod, CancellationToken cancellationToken)
    {
        PodStatus? observed = null;
        try
        {
            observed = await _services.Inspector.InspectAsync(Uid, [.. _died], cancellationToken);
            _times.Observed(observed);
            _died.RemoveWhere(died => !PodInspector.IsBehind(observed, died));
            _state.Health = _services.Probes.Update(pod, observed);
            if (!_services.Statuses.Reports.ContainsKey(Uid))
            {
                // What follows may take minutes, as the pull of an image does: until then it shows what there is.
                _services.Statuses.Set(pod, Unchanged(observed));
            }

            SyncResult result = await _services.Syncer.SyncAsync(pod, observed, _state, cancellationToken);
            _services.Statuses.Set(pod, result with { Health = _services.Probes.Update(pod, result.Status) });
            _times.Reached(pod, _services.Statuses.Reports.GetValueOrDefault(Uid)?.Status, _state);
            RecordEnd();
            Arm(result.RetryAt);
        }
        catch (Exception) when (observed is not null || !_services.Statuses.Reports.ContainsKey(Uid))
        {
            // A pod whose every step fails has a status too: what the step started from.
            _services.Statuses.Set(pod, Unchanged(observed ?? PodStatus.Empty(Uid)));
            throw;
        }
    }

    private SyncResult Unchanged(PodStatus observed) => SyncResult.Nothing(observed) with
    {
        Health = _state.Health,
        Failure = _state.Failure,
        Terminal = _state.Intents.Terminal,
    };

    /// <summary>What is over stays over, whatever the runtime forgets of it.</summary>
    private void RecordEnd()
    {
        if (_state.Intents.Terminal is null
            && _services.Statuses.Reports.TryGetValue(Uid, out PodReport? report)
            && report.Status.Phase is "Succeeded" or "Failed"
            && !report.Status.ContainerStatuses.Any(status => status.State.Running is not null))
        {
            _state.Record(intents => intents with { Terminal = report.Status });
            _services.Ended(Uid);
        }
    }

    private void Arm(DateTimeOffset? retryAt)
    {
        DateTimeOffset now = _services.Clock.GetUtcNow();
        if (_died.Count > 0 && !(retryAt < now + RetryPeriod))
        {
            // No event will come again for these, so the runtime has to be asked.
            retryAt = now + RetryPeriod;
        }

        _timer.Change(retryAt > now ? retryAt.Value - now : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (retryAt <= now)
        {
            // Due already: as a signal it counts as work, which a timer does not.
            Post(null);
        }
    }

    private async Task TerminateAsync(CancellationToken cancellationToken)
    {
        _services.Statuses.Terminate(Uid);
        _services.Probes.StopLivenessAndStartup(Uid);
        PodStatus status = await _services.Inspector.InspectAsync(Uid, [], cancellationToken);
        if (_pod is null)
        {
            _times.ObservedOrphan(status);
        }

        if (Phase == PodWorkerPhase.Terminating)
        {
            await StopAsync(status, cancellationToken);
            Phase = PodWorkerPhases.Next(Phase, PodSignal.ContainersStopped);
            status = await _services.Inspector.InspectAsync(Uid, [], cancellationToken);
        }

        await _services.Terminator.RemoveAsync(status, Name, cancellationToken);
        await _services.Probes.RemoveAsync(Uid);
        _services.Intents.Remove(Uid);
        _services.Statuses.Remove(Uid);
        Phase = PodWorkerPhases.Next(Phase, PodSignal.ResourcesReclaimed);
    }

    /// <summary>Begins again with what is left when a shorter grace period comes in the meantime.</summary>
    private async Task StopAsync(PodStatus status, CancellationToken cancellationToken)
    {
        TimeSpan own = GraceOfStop();
        while (true)
        {
            (TimeSpan gracePeriod, CancellationToken shrunk) = _grace.Take(own);
            using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, shrunk);
            try
            {
                await _services.Terminator.StopAsync(status, Name, _pod, gracePeriod, _state.TryBeginPreStop, both.Token);
                return;
            }
            catch (OperationCanceledException) when (shrunk.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                status = await _services.Inspector.InspectAsync(Uid, [], cancellationToken);
            }
        }
    }

    /// <summary>What a stop that a daemon began, and that another goes on with, has left of its time.</summary>
    private TimeSpan GraceOfStop()
    {
        TimeSpan own = _pod is { } pod ? PodTerminator.GracePeriod(pod) : PodWorkerServices.OrphanGracePeriod;
        DateTimeOffset now = _services.Clock.GetUtcNow();
        if (_state.Intents.StopBy is { } stopBy)
        {
            TimeSpan left = stopBy > now ? stopBy - now : TimeSpan.Zero;
            return _pod is null || left < own ? left : own;
        }

        if (_pod is not null)
        {
            _state.Record(intents => intents with { StopBy = now + own });
        }

        return own;
    }

    /// <summary>A reason to look again.</summary>
    /// <param name="Cause">The flight recorder's entry that led to it.</param>
    private readonly record struct Signal(ContainerId? Died, bool IsDue, long Cause);

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Step of pod {Pod} failed, again in {Delay}")]
    private partial void LogStepFailed(NamespacedName pod, TimeSpan delay, Exception exception);
}
