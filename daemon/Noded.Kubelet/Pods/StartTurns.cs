namespace Noded.Kubelet.Pods;

/// <summary>What of a pod's start is waited for; the later, the sooner its turn: what has begun is brought to its end.</summary>
internal enum StartStage
{
    RunSandbox,
    CreateContainer,
    StartContainer,
}

/// <summary>
/// How many calls that start something the runtime gets at a time. With all pods of a node at once they take longer
/// together than one after the other: the cores are busy with changing between them.
/// </summary>
/// <param name="places">Calls at a time.</param>
/// <param name="patience">
/// After this time a call gives its place to the next, though it goes on: calls that hang hold up nobody for longer.
/// </param>
internal sealed class StartTurns(int places, TimeSpan patience, TimeProvider clock)
{
    /// <summary>How long a call keeps its place; on a machine that is not overloaded none takes this long.</summary>
    internal static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(2);

    /// <summary>Enough that the cores have work while calls wait for the disk or for each other.</summary>
    internal static readonly int PlacesOfThisMachine = 2 * Environment.ProcessorCount;

    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, (int Stage, long Arrival)> _waiting = new();
    private int _free = places;
    private long _arrivals;

    /// <summary>Runs a call when its turn has come: later stages first, among equals the first who came.</summary>
    internal async Task<T> RunAsync<T>(StartStage stage, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        await WaitAsync(stage, cancellationToken);
        using Place place = new(this, patience, clock);
        return await call();
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    internal Task RunAsync(StartStage stage, Func<Task> call, CancellationToken cancellationToken) => RunAsync(
        stage,
        async () =>
        {
            await call();
            return true;
        },
        cancellationToken);

    private async Task WaitAsync(StartStage stage, CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn, (-(int)stage, _arrivals++));
        }

        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task;
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out TaskCompletionSource? next, out _))
            {
                // One that was cancelled while it waited takes no place.
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    /// <summary>A place that is given up once, at the call's end or when its time is over.</summary>
    private sealed class Place : IDisposable
    {
        private readonly StartTurns _turns;
        private readonly ITimer _timer;
        private int _isGivenUp;

        internal Place(StartTurns turns, TimeSpan patience, TimeProvider clock)
        {
            _turns = turns;
            _timer = clock.CreateTimer(
                static place => ((Place)place!).GiveUp(), this, patience, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _timer.Dispose();
            GiveUp();
        }

        private void GiveUp()
        {
            if (Interlocked.Exchange(ref _isGivenUp, 1) == 0)
            {
                _turns.GiveUp();
            }
        }
    }
}
