namespace Noded.Store.Tests.Conformance;

/// <summary>A watch that stands, read event by event.</summary>
internal sealed class WatchReader : IAsyncDisposable
{
    private readonly IAsyncEnumerator<WatchBatch> _batches;
    private readonly Queue<WatchEvent> _events = new();

    private WatchReader(IAsyncEnumerator<WatchBatch> batches) => _batches = batches;

    /// <summary>Everything up to and with this revision has been told.</summary>
    public long Revision { get; private set; }

    /// <summary>Begins a watch and waits until it stands.</summary>
    public static async Task<WatchReader> StartAsync(
        IStore store, WatchRequest request, CancellationToken cancellationToken)
    {
        WatchReader reader = new(store.WatchAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken));
        try
        {
            WatchBatch first = await reader.NextBatchAsync();
            Assert.Empty(first.Events);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    public async Task<WatchBatch> NextBatchAsync()
    {
        Assert.True(await _batches.MoveNextAsync(), "The watch has ended without a word.");
        Assert.True(_batches.Current.Revision >= Revision, "A watch went back.");
        Revision = _batches.Current.Revision;
        return _batches.Current;
    }

    /// <summary>The next event, waiting for it if need be.</summary>
    public async Task<WatchEvent> NextAsync()
    {
        while (_events.Count == 0)
        {
            foreach (WatchEvent change in (await NextBatchAsync()).Events)
            {
                _events.Enqueue(change);
            }
        }

        return _events.Dequeue();
    }

    /// <summary>All events up to and with the one of a key.</summary>
    public async Task<List<WatchEvent>> UntilAsync(string key)
    {
        List<WatchEvent> events = [];
        do
        {
            events.Add(await NextAsync());
        }
        while (events[^1].Current.Key != key);

        return events;
    }

    public ValueTask DisposeAsync() => _batches.DisposeAsync();
}
