using Microsoft.Extensions.Logging;

using Noded.Store;

namespace Noded.ApiServer.Hosting;

/// <summary>
/// Has the store forget what is older than one interval: at each tick everything before the revision of the tick
/// before (apiserver, storage/etcd3/compact.go). Lists can be continued, and watches resumed, for at least that long.
/// </summary>
internal sealed partial class StoreCompactor(IStore store, TimeSpan interval, TimeProvider clock, ILogger logger)
{
    // Any key does: only the revision of the answer counts.
    private static readonly RangeRequest Now = new("/registry/", null);

    /// <summary>Runs until it is cancelled; never does anything if the interval is zero.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (interval <= TimeSpan.Zero)
        {
            return;
        }

        using PeriodicTimer timer = new(interval, clock);
        long before = 0;
        long compacted = 0;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                long now = (await store.RangeAsync(Now, cancellationToken)).Revision;
                if (before > compacted)
                {
                    await CompactAsync(before, cancellationToken);
                    compacted = before;
                }

                before = now;
            }
            catch (StoreUnavailableException e)
            {
                LogFailed(before, e);
            }
        }
    }

    private async Task CompactAsync(long revision, CancellationToken cancellationToken)
    {
        try
        {
            await store.CompactAsync(revision, cancellationToken);
            LogCompacted(revision);
        }
        catch (CompactedException)
        {
            // Another server on the same store was faster.
        }
    }

    [LoggerMessage(EventId = 6011, Level = LogLevel.Debug, Message = "The store has forgotten what was before revision {Revision}")]
    private partial void LogCompacted(long revision);

    [LoggerMessage(EventId = 6012, Level = LogLevel.Warning, Message = "The store could not be compacted to revision {Revision}")]
    private partial void LogFailed(long revision, Exception exception);
}
