namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    [Fact]
    public async Task Watch_FromNow_TellsWhatChangesInItsRange()
    {
        await CommitAsync(Put("/w/0", "before"));
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", 0), Token);

        long made = await CommitAsync(Put("/w/1", "a"));
        await CommitAsync(Put("/x", "not ours"));
        await CommitAsync(Put("/w/1", "b"));
        long deleted = await CommitAsync(Delete("/w/1"));
        await CommitAsync(Put("/w/end", ""));

        List<WatchEvent> events = await watch.UntilAsync("/w/end");
        Assert.Equal(["+/w/1=a", "+/w/1=b", "-/w/1=", "+/w/end="], events.Select(Text));
        Assert.Equal(made, events[0].Current.ModRevision);
        Assert.Null(events[0].Previous);
        Assert.Equal("a", Text(events[1].Previous!));
        Assert.Equal(made, events[1].Previous!.ModRevision);
        Assert.Equal("b", Text(events[2].Previous!));
        Assert.Equal(deleted, events[2].Current.ModRevision);
        Assert.Equal(new KeyValue("/w/1", events[2].Current.Value, 0, deleted, 0, 0), events[2].Current);
    }

    [Fact]
    public async Task Watch_FromARevision_TellsWhatCameSince()
    {
        await CommitAsync(Put("/w/1", "a"));
        long second = await CommitAsync(Put("/w/1", "b"));
        await CommitAsync(Put("/w/2", "c"));
        await CommitAsync(Delete("/w/1"));

        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", second), Token);
        await CommitAsync(Put("/w/end", ""));

        List<WatchEvent> events = await watch.UntilAsync("/w/end");
        Assert.Equal(["+/w/1=b", "+/w/2=c", "-/w/1=", "+/w/end="], events.Select(Text));
        Assert.Equal("a", Text(events[0].Previous!));
        Assert.Equal("b", Text(events[2].Previous!));
    }

    [Fact]
    public async Task Watch_OneKey_TellsOfNoOther()
    {
        await using WatchReader watch = await WatchReader.StartAsync(Store, new("/w/1", null, 0), Token);

        await CommitAsync(Put("/w/10", "longer"));
        await CommitAsync(Put("/w/1", "a"));

        Assert.Equal("+/w/1=a", Text(await watch.NextAsync()));
    }

    [Fact]
    public async Task Watch_FromTheFuture_LeavesOutWhatComesBefore()
    {
        long revision = await CommitAsync(Put("/w/0", ""));
        await using WatchReader watch =
            await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", revision + 3), Token);

        List<long> revisions = [];
        while (revisions.Count < 5)
        {
            revisions.Add(await CommitAsync(Put("/w/1", "x")));
        }

        Assert.Equal(revisions.First(r => r >= revision + 3), (await watch.NextAsync()).Current.ModRevision);
    }

    [Fact]
    public async Task Watch_Transaction_IsInOneBatch()
    {
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", 0), Token);
        Change[] changes = [.. Enumerable.Range(0, 100).Select(i => new Change.Put($"/w/{i:D3}", new byte[10_000]))];

        long revision = await CommitAsync(new([], [.. changes]));

        WatchBatch batch = await watch.NextBatchAsync();
        while (batch.Events.IsEmpty)
        {
            batch = await watch.NextBatchAsync();
        }

        Assert.Equal(changes.Select(change => change.Key), batch.Events.Select(change => change.Current.Key));
        Assert.Equal(revision, batch.Revision);
    }

    [Fact]
    public async Task Watch_FirstBatch_SaysWhereItBegins()
    {
        long revision = await CommitAsync(Put("/w/0", ""));

        await using WatchReader now = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", 0), Token);
        await using WatchReader then =
            await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", revision), Token);

        Assert.Equal(revision, now.Revision);
        Assert.Equal(revision - 1, then.Revision);
    }

    [Fact]
    public async Task Watch_ProgressAskedFor_IsTold()
    {
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", 0), Token);
        long revision = await CommitAsync(Put("/elsewhere", ""));

        Assert.SkipUnless(await Store.RequestProgressAsync(Token), "This version of the store cannot do that.");

        while (watch.Revision < revision)
        {
            Assert.Empty((await watch.NextBatchAsync()).Events);
        }
    }

    [Fact]
    public async Task Watch_Cancelled_Ends()
    {
        using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using WatchReader watch =
            await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", 0), source.Token);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(watch.NextAsync);
    }

    [Fact]
    public async Task Watch_StoreIsClosed_SaysSo()
    {
        IStore store = await Fixture.OpenAsync(Token);
        await using WatchReader watch = await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/w/", 0), Token);

        await store.DisposeAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(watch.NextAsync);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.RangeAsync(new("/a", null), Token));
        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => store.CommitAsync(Put("/a", ""), Token));
        Assert.True(refused.NothingChanged);
    }

    [Fact]
    public async Task Watch_FarBehind_MissesNothing()
    {
        const int Count = 2000;
        long first = await CommitAsync(Put("/w/first", ""));
        await using WatchReader slow = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", first), Token);

        foreach (int[] part in Enumerable.Range(0, Count).Chunk(50))
        {
            await Task.WhenAll(part.Select(i => CommitAsync(Put($"/w/{i % 7}", $"{i}"))));
        }

        await CommitAsync(Put("/w/end", ""));
        await using WatchReader late = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/w/", first), Token);

        List<WatchEvent> events = await slow.UntilAsync("/w/end");
        Assert.Equal(Count + 2, events.Count);
        Assert.Equal(
            events.Select(change => (change.Current.ModRevision, Text(change))),
            (await late.UntilAsync("/w/end")).Select(change => (change.Current.ModRevision, Text(change))));
    }
}
