using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Noded.Store.Sqlite;

/// <summary>
/// The one who writes: takes all requests that wait, makes them one SQLite transaction, and answers when it is on
/// disk. While a transaction is written the next one gathers, so that many share one wait for the disk.
/// </summary>
internal sealed partial class StoreWriter : IDisposable
{
    private const int MaxBatch = 512;

    // Enough that the writer is never without work; who comes then waits to be let in.
    private readonly Channel<WriteRequest> _requests = Channel.CreateBounded<WriteRequest>(
        new BoundedChannelOptions(4 * MaxBatch) { SingleReader = true });

    private readonly List<WriteRequest> _batch = new(MaxBatch);
    private readonly Func<WriteSession> _open;
    private readonly LeaseDeadlines _deadlines;
    private readonly Action<WriteSession> _publish;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private WriteSession? _session;

    // Until a write succeeds: on a full disk the compaction would else fail again and again.
    private bool _isFailing;

    /// <param name="session">The first session, which has been opened to see that it can be.</param>
    /// <param name="open">Opens another one after an error.</param>
    /// <param name="publish">Is called with what has come on disk, before anybody gets an answer.</param>
    public StoreWriter(
        WriteSession session,
        Func<WriteSession> open,
        LeaseDeadlines deadlines,
        Action<WriteSession> publish,
        ILogger logger)
    {
        _session = session;
        _open = open;
        _deadlines = deadlines;
        _publish = publish;
        _logger = logger;
        // A thread of its own: it waits for the disk most of the time, and the pool's threads have other work.
        deadlines.Start(RevokeDueLeases);
        _thread = new(Run) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <exception cref="StoreUnavailableException">It was not done, or nobody knows.</exception>
    public async Task<T> SubmitAsync<T>(Func<WriteSession, T> apply, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WriteRequest<T> request = new(apply);
        try
        {
            if (!_requests.Writer.TryWrite(request))
            {
                await _requests.Writer.WriteAsync(request, cancellationToken);
            }
        }
        catch (ChannelClosedException e)
        {
            throw new StoreUnavailableException("The store is closed.", nothingChanged: true, e);
        }

        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((WriteRequest<T>)state!).Cancel(token), request);
        return await request.Answer;
    }

    /// <summary>Carries out what was submitted before, then ends.</summary>
    public void Dispose()
    {
        _requests.Writer.TryComplete();
        _thread.Join();
        _deadlines.Dispose();
        _session?.Dispose();
    }

    private void Run()
    {
        while (WaitForWork())
        {
            while (_batch.Count < MaxBatch && _requests.Reader.TryRead(out WriteRequest? request))
            {
                if (request.TryBegin())
                {
                    _batch.Add(request);
                }
            }

            Execute();
            _batch.Clear();
        }

        if (_session is { Deferred.Rows.IsEmpty: false })
        {
            _batch.Add(new WriteRequest<int>(static session => session.Flush()));
            Execute();
        }
    }

    private bool WaitForWork()
    {
        if (!_isFailing && _session is { Compaction.HasWork: true } && !_requests.Reader.Completion.IsCompleted)
        {
            return true;
        }

        ValueTask<bool> wait = _requests.Reader.WaitToReadAsync();
        return wait.IsCompleted ? wait.Result : wait.AsTask().GetAwaiter().GetResult();
    }

    private void Execute()
    {
        bool committing = false;
        try
        {
            // The deadlines in memory may say what was not written: opening reads those on disk.
            _session ??= _open();
            _session.Begin();
            foreach (WriteRequest request in _batch)
            {
                request.Apply(_session);
            }

            if (!_isFailing && _session.Compaction.HasWork)
            {
                _session.Compaction.Continue();
            }

            committing = true;
            _session.Commit();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            Abandon(e, nothingChanged: !committing || e is SqliteException { IsFull: true });
            return;
        }

        _isFailing = false;
        _publish(_session);
        _deadlines.Arm();
        foreach (WriteRequest request in _batch)
        {
            request.Complete();
        }
    }

    private void Abandon(Exception exception, bool nothingChanged)
    {
        LogFailed(_batch.Count, exception);
        _isFailing = true;
        _session?.Abandon();
        _session = null;

        foreach (WriteRequest request in _batch)
        {
            request.Fail(new StoreUnavailableException(exception.Message, nothingChanged, exception));
        }

        TryReopen();
        _deadlines.Arm();
    }

    private void TryReopen()
    {
        try
        {
            _session = _open();
            // On a full disk, the log may hold what the database file has room for.
            _session.Checkpoint();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            // The next request tries again.
            LogCannotOpen(e);
        }
    }

    // Waits, if the channel is full, as everybody does; a channel that is closed needs no leases any more.
    private void RevokeDueLeases() => _ = SubmitDueLeasesAsync();

    private async Task SubmitDueLeasesAsync()
    {
        try
        {
            await SubmitAsync(static session => session.RevokeDueLeases(), CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // Told by the writer; the deadlines, read anew, make for another try.
        }
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "{Count} writes failed together")]
    private partial void LogFailed(int count, Exception exception);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "The database cannot be opened again")]
    private partial void LogCannotOpen(Exception exception);
}
