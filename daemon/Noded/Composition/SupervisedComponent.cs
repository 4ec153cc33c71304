using Noded.Primitives;

namespace Noded.Composition;

/// <summary>
/// A part of the daemon that is started again, with backoff, whenever it ends: one part's failure never takes another
/// down.
/// </summary>
/// <param name="run">Runs until cancelled; ending or throwing before that is a failure.</param>
internal sealed partial class SupervisedComponent(
    string name,
    Func<CancellationToken, Task> run,
    FlightRecorder flight,
    TimeProvider clock,
    ILogger<SupervisedComponent> logger)
{
    /// <summary>What ran this long failed for another reason than the time before.</summary>
    private static readonly TimeSpan LongRun = TimeSpan.FromSeconds(30);

    /// <summary>What runs this long is taken to run; what fails sooner was never there.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private volatile string? _failure;

    // 0 while it does not run.
    private long _startedAt;

    internal string Name => name;

    /// <summary>Why it is not running now; null while it is.</summary>
    internal string? Failure =>
        Volatile.Read(ref _startedAt) is var startedAt and not 0 && clock.GetElapsedTime(startedAt) >= Settled
            ? null
            : _failure;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        Backoff backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30), Random.Shared.NextDouble);
        while (!cancellationToken.IsCancellationRequested)
        {
            long startedAt = clock.GetTimestamp();
            try
            {
                Volatile.Write(ref _startedAt, startedAt);
                await run(cancellationToken);
                _failure = "ended without being asked to";
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _failure = e.Message;
                LogFailed(name, e);
            }

            Volatile.Write(ref _startedAt, 0);
            flight.Record(FlightEntryKind.Failed, name, _failure);
            if (clock.GetElapsedTime(startedAt) > LongRun)
            {
                backoff.Reset();
            }

            await Task.Delay(backoff.Next(), clock, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Error, Message = "{Component} failed and is started again")]
    private partial void LogFailed(string component, Exception exception);
}
