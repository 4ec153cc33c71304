using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Noded.Store.Sqlite;

/// <summary>The store in one SQLite file of this machine, for one process.</summary>
public sealed class SqliteStore : IStore
{
    private const int Readers = 4;
    private const int EventsPerBatch = 1000;

    // After an error the next try waits: a lease that is due would else be tried all the time.
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(5);

    private readonly SqliteStoreOptions _options;
    private readonly RevisionReservation _reservation;
    private readonly RevisionCounter _revisions;
    private readonly long _baseRevision;
    private readonly ImmutableArray<RevisionGap> _gaps;
    private readonly StoreWriter _writer;
    private readonly WatchHub _hub;
    private readonly ReaderPool _readers;
    private readonly FlushTimer _flushTimer;
    private int _disposed;

    private SqliteStore(SqliteStoreOptions options, TimeProvider clock, ILogger<SqliteStore> logger)
    {
        _options = options;
        _reservation = new(options.Path + "-revisions");
        try
        {
            using (SqliteConnection connection = Schema.OpenForWriting(options.Path))
            {
                (_baseRevision, _gaps) = RevisionGap.Close(connection, _reservation);
            }

            LeaseDeadlines deadlines = new(clock);
            DeferredWrites deferred = new(options.MayDefer);
            _revisions = new(_reservation, _baseRevision);
            WriteSession session = Open(TimeSpan.Zero);
            _hub = new(_baseRevision, session.Compaction.Compacted);
            _readers = new(options.Path, Readers);
            _flushTimer = new(clock, options.FlushPeriod, FlushLater);
            _writer = new(session, () => Open(RetryPeriod), deadlines, Publish, logger);

            WriteSession Open(TimeSpan least)
            {
                WriteSession opened = new(options.Path, _revisions, deadlines, deferred, clock);
                opened.LoadLeases(least);
                return opened;
            }
        }
        catch
        {
            _reservation.Dispose();
            throw;
        }
    }

    /// <summary>Opens the store; makes its files, readable by their owner only, if they are not there.</summary>
    /// <exception cref="StoreUnavailableException">The files cannot be opened, or another process has them open.</exception>
    /// <exception cref="InvalidDataException">The files are not of a store that this version knows.</exception>
    public static SqliteStore Open(SqliteStoreOptions options, TimeProvider clock, ILogger<SqliteStore> logger)
    {
        try
        {
            return new(options, clock, logger);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            throw new StoreUnavailableException($"The store {options.Path}: {e.Message}", nothingChanged: true, e);
        }
    }

    /// <inheritdoc/>
    public async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        ThrowIfInGap(request.Revision);
        (long revision, DeferredRows deferred) = _hub.State;

        if (request is { End: null, Revision: 0 } && deferred.Rows.TryGetValue(request.Start, out HistoryRow? row))
        {
            return new(request.CountOnly ? [] : [row.ToKeyValue()], 1, revision);
        }

        return await ReadAsync(
            (request.Start, request.End),
            (reader, known) => reader.Range(request, known),
            result => request.Revision == 0 ? result.Revision : request.Revision,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<TransactionResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        transaction.Size > _options.MaxRequestBytes
            ? Task.FromException<TransactionResult>(
                new RequestTooLargeException($"A transaction has at most {_options.MaxRequestBytes} bytes."))
            : _writer.SubmitAsync(session => session.Commit(transaction), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        WatchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Watcher watcher = new(request.Start, request.End);
        ThrowIfInGap(request.Revision - 1);
        long next = _hub.Add(watcher, request.Revision);
        try
        {
            yield return new(Math.Min(next - 1, _hub.State.Revision), []);

            while (true)
            {
                WatchBatch batch = await NextAsync(watcher, request, next, cancellationToken);
                next = Math.Max(next, batch.Revision + 1);
                yield return batch;
            }
        }
        finally
        {
            _hub.Remove(watcher);
        }
    }

    /// <inheritdoc/>
    public Task<bool> RequestProgressAsync(CancellationToken cancellationToken)
    {
        _hub.RequestProgress();
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task CompactAsync(long revision, CancellationToken cancellationToken) =>
        _writer.SubmitAsync(session => session.Compact(revision), cancellationToken);

    /// <inheritdoc/>
    public Task<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        TimeSpan lifetime = timeToLive < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : timeToLive;
        return _writer.SubmitAsync(session => session.GrantLease(lifetime), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> KeepLeaseAliveAsync(long lease, CancellationToken cancellationToken) =>
        _writer.SubmitAsync(session => session.KeepLeaseAlive(lease), cancellationToken);

    /// <inheritdoc/>
    public Task RevokeLeaseAsync(long lease, CancellationToken cancellationToken) =>
        _writer.SubmitAsync(session => session.RevokeLease(lease), cancellationToken);

    /// <summary>Carries out what was asked before, ends the watches and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _hub.Close();
            await _flushTimer.DisposeAsync();
            _readers.Dispose();
            await Task.Run(_writer.Dispose);
            _revisions.Close();
            _reservation.Dispose();
        }
    }

    private void Publish(WriteSession session)
    {
        _hub.Publish(session);
        _flushTimer.Arm(session.Deferred);
    }

    private void FlushLater() => _ = FlushAsync();

    /// <summary>Writes what was deferred, if that is possible now.</summary>
    private async Task FlushAsync()
    {
        try
        {
            await _writer.SubmitAsync(static session => session.Flush(), CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // Told by the writer. The rows stay, and the timer is armed by the next change that is made.
        }
    }

    /// <summary>Reads the tables, which have all that the answer, as of its revision, must have.</summary>
    private async Task<T> ReadAsync<T>(
        (string Start, string? End) range,
        Func<SnapshotReader, long, T> read,
        Func<T, long> revisionOf,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            (long revision, DeferredRows before) = _hub.State;

            if (before.Touches(range.Start, range.End, long.MaxValue))
            {
                await _writer.SubmitAsync(static session => session.Flush(), cancellationToken);
                continue;
            }

            // What is published is on disk or deferred: a read that begins now sees it.
            T result = await _readers.ReadAsync(reader => read(reader, revision), cancellationToken);
            DeferredRows after = _hub.State.Deferred;

            // Something deferred in the meantime, of a revision before that of a commit that the read has seen?
            if (after.Writes == before.Writes && !after.Touches(range.Start, range.End, revisionOf(result)))
            {
                return result;
            }
        }
    }

    private async Task<WatchBatch> NextAsync(
        Watcher watcher, WatchRequest request, long next, CancellationToken cancellationToken)
    {
        while (true)
        {
            HubAnswer answer = _hub.Since(watcher, next);
            WatchBatch found = answer.Changes is { } changes
                ? Select(watcher, changes, answer.Revision)
                : await ReadAsync(
                    (request.Start, request.End),
                    (reader, known) => reader.Since(request with { Revision = next }, known),
                    static batch => batch.Revision,
                    cancellationToken);

            if (found.Events.Length > 0 || (answer.OwesProgress && answer.Changes is not null))
            {
                return found;
            }

            next = Math.Max(next, found.Revision + 1);

            if (answer.Changes is not null)
            {
                await watcher.WaitAsync(cancellationToken);
            }
        }
    }

    private static WatchBatch Select(Watcher watcher, WatchBatch[] changes, long revision)
    {
        ImmutableArray<WatchEvent>.Builder events = ImmutableArray.CreateBuilder<WatchEvent>();

        foreach (WatchBatch batch in changes)
        {
            if (events.Count >= EventsPerBatch)
            {
                return new(batch.Revision - 1, events.DrainToImmutable());
            }

            foreach (WatchEvent change in batch.Events)
            {
                if (watcher.Wants(change))
                {
                    events.Add(change);
                }
            }
        }

        return new(revision, events.DrainToImmutable());
    }

    private void ThrowIfInGap(long revision)
    {
        foreach (RevisionGap gap in _gaps)
        {
            if (gap.Contains(revision))
            {
                throw new CompactedException(gap.Last + 1);
            }
        }
    }
}
