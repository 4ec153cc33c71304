using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>
/// Probes one container for one purpose, instance after instance. Its loop alone owns its state; a timer and the pod
/// worker only wake it. While there is nothing to probe, nothing wakes it.
/// </summary>
internal sealed partial class ProbeWorker : IDisposable
{
    private readonly ProbeKind _kind;
    private readonly ProbeWorkerServices _services;
    private readonly ProbeTally _tally;
    private readonly Action<ContainerId, ProbeResult> _decided;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;

    // One wake-up is enough for all that happened before it is taken.
    private readonly Channel<bool> _wakeUps =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true });

    private volatile ProbeTarget? _target;
    private int _isDue;

    private ContainerId? _container;
    private ProbeRun _run;
    private bool _isArmed;

    // There is no more to find out about this instance.
    private bool _isOnHold;

    /// <param name="decided">Told of each result that has reached its threshold.</param>
    internal ProbeWorker(
        ProbeTarget first, ProbeKind kind, ProbeWorkerServices services, Action<ContainerId, ProbeResult> decided)
    {
        _kind = kind;
        _services = services;
        _tally = new ProbeTally(services.Metrics, first.Pod, first.Container.Name, kind);
        _decided = decided;
        _timer = services.Clock.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Completion = RunAsync(_stop.Token);
    }

    /// <summary>Completes when the worker has stopped.</summary>
    internal Task Completion { get; }

    /// <summary>Tells which instance runs; null when none does.</summary>
    internal void Observe(ProbeTarget? target)
    {
        if (!Equals(_target, target))
        {
            _target = target;
            WakeUp();
        }
    }

    /// <summary>Breaks off a probe that is under way.</summary>
    internal void Stop() => _stop.Cancel();

    public void Dispose()
    {
        _timer.Dispose();
        _stop.Dispose();
    }

    private void Tick()
    {
        Volatile.Write(ref _isDue, 1);
        WakeUp();
    }

    private void WakeUp()
    {
        _services.Activity.Enter();
        if (!_wakeUps.Writer.TryWrite(true))
        {
            _services.Activity.Leave();
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // The first turn belongs to the loop too, not to whoever made the worker.
        await Task.Yield();
        try
        {
            while (true)
            {
                await _wakeUps.Reader.ReadAsync(cancellationToken);
                try
                {
                    await TakeTurnAsync(cancellationToken);
                }
                finally
                {
                    _services.Activity.Leave();
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped; wake-ups that nobody takes any more are no work under way.
            _wakeUps.Writer.TryComplete();
            while (_wakeUps.Reader.TryRead(out _))
            {
                _services.Activity.Leave();
            }

            _tally.Remove();
        }
    }

    private async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        ProbeTarget? target = _target;
        if (target?.Id != _container)
        {
            (_container, _run, _isOnHold) = (target?.Id, default, false);
            Disarm();
        }

        V1Probe? probe = target?.TryGetProbe(_kind);
        if (target is null || probe is null || _isOnHold || target.IsStarted == (_kind == ProbeKind.Startup))
        {
            Disarm();
            return;
        }

        Arm(target, probe);
        if (Interlocked.Exchange(ref _isDue, 0) == 1)
        {
            try
            {
                await ProbeAsync(target, probe, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Our own mistake: it costs this turn, and the container keeps what held for it.
                LogProbeFailed(_kind, target.Container.Name, target.Pod.Name, e);
            }
        }
    }

    private async Task ProbeAsync(ProbeTarget target, V1Probe probe, CancellationToken cancellationToken)
    {
        long start = _services.Clock.GetTimestamp();
        if (await _services.Prober.ProbeAsync(target, _kind, probe, cancellationToken) is not { } result)
        {
            return;
        }

        _tally.Add(result, _services.Clock.GetElapsedTime(start));
        _run = _run.Next(result);
        if (!_run.Decides(probe))
        {
            return;
        }

        // A failure of these ends the container, and a start happens once: the next instance is asked again.
        if (_kind == ProbeKind.Startup || (_kind == ProbeKind.Liveness && result == ProbeResult.Failure))
        {
            _isOnHold = true;
            Disarm();
        }

        _decided(target.Id, result);
    }

    private void Arm(ProbeTarget target, V1Probe probe)
    {
        if (_isArmed)
        {
            return;
        }

        _isArmed = true;
        TimeSpan age = _services.Clock.GetUtcNow() - target.StartedAt;
        TimeSpan period = ProbeRules.Period(probe);
        TimeSpan delay = ProbeRules.FirstDelay(
            _kind, probe, age > TimeSpan.Zero ? age : TimeSpan.Zero, _services.JitterFor(target, period));
        if (delay > TimeSpan.Zero)
        {
            _timer.Change(delay, period);
        }
        else
        {
            _isDue = 1;
            _timer.Change(period, period);
        }
    }

    private void Disarm()
    {
        if (_isArmed)
        {
            _isArmed = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        Volatile.Write(ref _isDue, 0);
    }

    private void LogProbeFailed(ProbeKind kind, string container, Noded.Primitives.NamespacedName pod, Exception exception) =>
        LogProbeFailed(_services.Logger, kind, container, pod, exception);

    [LoggerMessage(
        EventId = 1401, Level = LogLevel.Error, Message = "{Kind} probe of container {Container} in pod {Pod} broke down")]
    private static partial void LogProbeFailed(
        ILogger logger, ProbeKind kind, string container, Noded.Primitives.NamespacedName pod, Exception exception);
}
