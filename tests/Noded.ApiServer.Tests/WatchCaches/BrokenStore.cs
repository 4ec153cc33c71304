using System.Runtime.CompilerServices;
using Noded.Store;

namespace Noded.ApiServer.Tests.WatchCaches;

/// <summary>A store whose watches can be ended, held up and refused, as a network does.</summary>
internal sealed class BrokenStore(IStore store) : ForwardingStore(store)
{
    private TaskCompletionSource _break = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // While it is not set, nothing of a watch arrives.
    private TaskCompletionSource _open = Opened();

    /// <summary>How many ranges were listed.</summary>
    public int Lists { get; private set; }

    public bool HasProgress { get; init; } = true;

    /// <summary>Ends the watches that stand.</summary>
    public void Break() =>
        Interlocked.Exchange(ref _break, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Holds up what watches tell, until <see cref="Release"/>.</summary>
    public void Hold() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _open.TrySetResult();

    public override Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        Lists += request.End is null ? 0 : 1;
        return Inner.RangeAsync(request, cancellationToken);
    }

    public override async IAsyncEnumerable<WatchBatch> WatchAsync(
        WatchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Task broken = _break.Task;
        await using IAsyncEnumerator<WatchBatch> batches =
            Inner.WatchAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);

        while (true)
        {
            Task<bool> next = batches.MoveNextAsync().AsTask();
            if (await Task.WhenAny(next, broken) == broken)
            {
                // The pending read is not awaited by anybody: the store behind is not broken.
                await Inner.RequestProgressAsync(cancellationToken);
                await next;
                throw new StoreUnavailableException("The test broke it.", nothingChanged: true);
            }

            await next;
            await Task.WhenAny(_open.Task, broken).WaitAsync(cancellationToken);
            yield return batches.Current;
        }
    }

    public override async Task<bool> RequestProgressAsync(CancellationToken cancellationToken) =>
        HasProgress && await Inner.RequestProgressAsync(cancellationToken);

    private static TaskCompletionSource Opened()
    {
        TaskCompletionSource opened = new();
        opened.SetResult();
        return opened;
    }
}
