namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    [Fact]
    public async Task Compact_ARevision_ForgetsWhatWasBeforeAndKeepsTheRest()
    {
        long first = await CommitAsync(Put("/c/1", "old"));
        await CommitAsync(Put("/c/2", "goes"));
        await CommitAsync(Put("/c/3", "stays"));
        await CommitAsync(Delete("/c/2"));
        long middle = await CommitAsync(Put("/c/1", "middle"));
        long last = await CommitAsync(Put("/c/1", "new"));

        await Store.CompactAsync(middle, Token);

        CompactedException refused = await Assert.ThrowsAsync<CompactedException>(() => GetAsync("/c/1", first));
        Assert.True(refused.CompactRevision == 0 || refused.CompactRevision == middle);
        Assert.Equal("middle", Text((await GetAsync("/c/1", middle))!));
        Assert.Equal("new", Text((await GetAsync("/c/1", last))!));
        Assert.Equal(["/c/1", "/c/3"], await KeysAsync(RangeRequest.OfPrefix("/c/") with { Revision = middle }));
        Assert.Equal(["/c/1", "/c/3"], await KeysAsync(RangeRequest.OfPrefix("/c/")));
        Assert.Null(await GetAsync("/c/2"));
    }

    [Fact]
    public async Task Compact_WhatIsForgottenOrDoesNotExist_IsRefused()
    {
        long first = await CommitAsync(Put("/c/1", "a"));
        long second = await CommitAsync(Put("/c/1", "b"));
        await Store.CompactAsync(second, Token);

        await Assert.ThrowsAsync<CompactedException>(() => Store.CompactAsync(first, Token));
        await Assert.ThrowsAsync<CompactedException>(() => Store.CompactAsync(second, Token));
        await Assert.ThrowsAsync<FutureRevisionException>(() => Store.CompactAsync(second + 1000, Token));
    }

    [Fact]
    public async Task Watch_FromACompactedRevision_IsRefused()
    {
        long first = await CommitAsync(Put("/c/1", "a"));
        await CommitAsync(Put("/c/1", "b"));
        long third = await CommitAsync(Put("/c/1", "c"));
        await Store.CompactAsync(third, Token);

        CompactedException refused = await Assert.ThrowsAsync<CompactedException>(async () =>
        {
            await using WatchReader watch =
                await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/c/", first), Token);
            await watch.NextAsync();
        });

        Assert.Equal(third, refused.CompactRevision);
    }

    [Fact]
    public async Task Watch_FromTheRevisionOfTheCompaction_TellsWhatCameSince()
    {
        await CommitAsync(Put("/c/1", "a"));
        long second = await CommitAsync(Put("/c/1", "b"));
        await Store.CompactAsync(second, Token);
        await CommitAsync(Put("/c/1", "c"));

        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/c/", second), Token);

        Assert.Equal("+/c/1=b", Text(await watch.NextAsync()));
        Assert.Equal("+/c/1=c", Text(await watch.NextAsync()));
    }

    [Fact]
    public async Task Watch_ThatStands_GoesOnOverACompaction()
    {
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/c/", 0), Token);

        for (int i = 0; i < 20; i++)
        {
            long revision = await CommitAsync(Put("/c/1", $"{i}"));
            Assert.Equal($"+/c/1={i}", Text(await watch.NextAsync()));
            await Store.CompactAsync(revision, Token);
        }
    }
}
