using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Carries one pod through its phases, one step at a time. The sync loop sets the wish and posts signals; everything
/// else belongs to the worker's own loop. A call that hangs holds up this pod alone.
/// </summary>
internal sealed partial class PodWorker
{
    /// <summary>How long a step that failed waits when nothing says otherwise.</summary>
    internal static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(10);

    private readonly PodWorkerServices _services;
    private readonly ILogger _logger;
    private readonly PodSyncState _state;
    private readonly Backoff _retries;
    private readonly ITimer _timer;

    // Unbounded, but each turn takes all of it: it holds what came during one step.
    private readonly Channel<ContainerId?> _signals =
        Channel.CreateUnbounded<ContainerId?>(new UnboundedChannelOptions { SingleReader = true });

    private volatile Pod? _pod;
    private volatile bool _isDeleted;
    private volatile CancellationTokenSource? _step;

    internal PodWorker(PodUid uid, NamespacedName name, PodWorkerServices services)
    {
        Uid = uid;
        Name = name;
        _services = services;
        _logger = services.Logger;
        _state = new PodSyncState(services.NewBackoff(), services.NewBackoff());
        _retries = new Backoff(TimeSpan.FromSeconds(1), RetryPeriod, services.Jitter);
        _timer = services.Clock.CreateTimer(_ => Post(null), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal PodUid Uid { get; }

    internal NamespacedName Name { get; }

    internal PodWorkerPhase Phase { get; private set; }

    /// <summary>Sets the wish; the worker converges to the latest one.</summary>
    internal void Update(Pod pod)
    {
        _pod = pod;
        Post(null);
    }

    /// <summary>The pod must go. What is being done for it is broken off.</summary>
    internal void Delete()
    {
        _isDeleted = true;
        _step?.Cancel();
        Post(null);
    }

    /// <summary>Look again; <paramref name="died"/> names a container that ended, though the runtime may not say so yet.</summary>
    internal void Post(ContainerId? died)
    {
        _services.Activity.Enter();
        if (!_signals.Writer.TryWrite(died))
        {
            _services.Activity.Leave();
        }
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await using ITimer timer = _timer;
        while (Phase != PodWorkerPhase.Finished)
        {
            await _signals.Reader.WaitToReadAsync(cancellationToken);
            (int count, ImmutableHashSet<ContainerId> died) = Drain();
            try
            {
                await StepAsync(died, cancellationToken);
            }
            finally
            {
                if (Phase == PodWorkerPhase.Finished)
                {
                    _signals.Writer.Complete();
                    count += Drain().Count;
                    _services.Finished(Uid);
                }

                for (int i = 0; i < count; i++)
                {
                    _services.Activity.Leave();
                }
            }
        }
    }

    private (int Count, ImmutableHashSet<ContainerId> Died) Drain()
    {
        int count = 0;
        HashSet<ContainerId> died = [];
        while (_signals.Reader.TryRead(out ContainerId? signal))
        {
            count++;
            if (signal is { } container)
            {
                died.Add(container);
            }
        }

        return (count, [.. died]);
    }

    private async Task StepAsync(ImmutableHashSet<ContainerId> died, CancellationToken cancellationToken)
    {
        using CancellationTokenSource step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _step = step;
        try
        {
            if (_isDeleted)
            {
                Phase = PodWorkerPhases.Next(Phase, PodSignal.Deleted);
                _step = null;
                await TerminateAsync(cancellationToken);
            }
            else if (_pod is { } pod)
            {
                await SyncAsync(pod, died, step.Token);
            }

            _retries.Reset();
        }
        catch (OperationCanceledException) when (_isDeleted && !cancellationToken.IsCancellationRequested)
        {
            // The wish changed under the step; the signal that said so is in the mailbox.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The runtime and the machine fail with IOException; anything else is our mistake, and must not cost the
            // node more than this pod.
            TimeSpan delay = _retries.Next();
            _services.Flight.Record(FlightEntryKind.Failed, Pod.SubjectOf(Name), e.Message);
            LogStepFailed(Name, delay, e);
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            _step = null;
        }
    }

    private async Task SyncAsync(Pod pod, ImmutableHashSet<ContainerId> died, CancellationToken cancellationToken)
    {
        PodStatus observed = await _services.Inspector.InspectAsync(Uid, died, cancellationToken);
        SyncResult result = await _services.Syncer.SyncAsync(pod, observed, _state, cancellationToken);
        _services.Statuses.Set(pod, result);

        TimeSpan wait = result.RetryAt is { } at ? at - _services.Clock.GetUtcNow() : Timeout.InfiniteTimeSpan;
        _timer.Change(wait < TimeSpan.Zero && result.RetryAt is not null ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
    }

    private async Task TerminateAsync(CancellationToken cancellationToken)
    {
        TimeSpan gracePeriod = _pod is { } pod ? PodTerminator.GracePeriod(pod) : PodWorkerServices.OrphanGracePeriod;
        PodStatus status = await _services.Inspector.InspectAsync(Uid, [], cancellationToken);

        if (Phase == PodWorkerPhase.Terminating)
        {
            await _services.Terminator.StopAsync(status, Pod.SubjectOf(Name), gracePeriod, cancellationToken);
            Phase = PodWorkerPhases.Next(Phase, PodSignal.ContainersStopped);
            status = await _services.Inspector.InspectAsync(Uid, [], cancellationToken);
        }

        await _services.Terminator.RemoveAsync(status, Name, cancellationToken);
        _services.Statuses.Remove(Uid);
        Phase = PodWorkerPhases.Next(Phase, PodSignal.ResourcesReclaimed);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Step of pod {Pod} failed, again in {Delay}")]
    private partial void LogStepFailed(NamespacedName pod, TimeSpan delay, Exception exception);
}
