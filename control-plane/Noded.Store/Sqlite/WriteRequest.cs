namespace Noded.Store.Sqlite;

/// <summary>Something to do in the writer's next SQLite transaction.</summary>
internal abstract class WriteRequest
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;

    private int _state = Waiting;

    /// <summary>False if it was cancelled while it waited.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;

    /// <summary>False if it has begun: then it is carried through.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting;

    /// <exception cref="SqliteException">The whole transaction has to be given up.</exception>
    public abstract void Apply(WriteSession session);

    /// <summary>What was applied is on disk.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

/// <summary>A request with an answer.</summary>
internal sealed class WriteRequest<T>(Func<WriteSession, T> apply) : WriteRequest
{
    // The writer's thread must not run what comes after the answer.
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private T? _result;
    private Exception? _refusal;

    public Task<T> Answer => _answer.Task;

    public override void Apply(WriteSession session)
    {
        try
        {
            _result = apply(session);
        }
        catch (Exception e) when (e is LeaseNotFoundException or CompactedException or FutureRevisionException)
        {
            _refusal = e;
        }
    }

    public override void Complete()
    {
        if (_refusal is null)
        {
            _answer.TrySetResult(_result!);
        }
        else
        {
            _answer.TrySetException(_refusal);
        }
    }

    public override void Fail(Exception exception) => _answer.TrySetException(exception);

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryCancel())
        {
            _answer.TrySetCanceled(cancellationToken);
        }
    }
}
