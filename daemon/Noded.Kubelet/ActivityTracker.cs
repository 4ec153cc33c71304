namespace Noded.Kubelet;

/// <summary>
/// Counts work that is under way or queued, so that "nothing happens" can be waited for instead of guessed by time.
/// </summary>
public sealed class ActivityTracker
{
    private readonly Lock _lock = new();
    private int _active;
    private TaskCompletionSource? _idle;

    /// <summary>One more piece of work; every call is followed by one <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            _active++;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? idle = null;
        lock (_lock)
        {
            if (--_active == 0)
            {
                (idle, _idle) = (_idle, null);
            }
        }

        idle?.SetResult();
    }

    /// <summary>Completes when no work is under way; at once when none is now.</summary>
    public Task WaitIdleAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_active == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task.WaitAsync(cancellationToken);
        }
    }
}
