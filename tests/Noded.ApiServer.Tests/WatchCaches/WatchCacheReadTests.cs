using Noded.ApiServer.WatchCaches;
using Noded.Store;
using Noded.Testing;

namespace Noded.ApiServer.Tests.WatchCaches;

public sealed class WatchCacheReadTests
{
    private static readonly Freshness Consistent = new Freshness.Consistent();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_Consistent_SeesWhatWasWrittenBefore()
    {
        await using CacheRig rig = new();

        for (int i = 0; i < 50; i++)
        {
            await rig.PutAsync("a", $"{i}");
            Assert.Equal([$"a={i}"], await rig.ListAsync(Consistent));
        }
    }

    [Fact]
    public async Task Read_ConsistentWhileOthersAreWritten_DoesNotWaitForAChangeOfItsOwn()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("a", "1");
        await rig.PutElsewhereAsync();

        Assert.Equal(["a=1"], await rig.ListAsync(Consistent));
    }

    [Fact]
    public async Task Read_NotOlderThan_WaitsForTheRevision()
    {
        await using CacheRig rig = new();
        long revision = await rig.PutAsync("a", "1");

        Assert.Equal(["a=1"], await rig.ListAsync(new Freshness.NotOlderThan(revision)));

        Task<string[]> waiting = rig.ListAsync(new Freshness.NotOlderThan(revision + 1));
        await rig.PutAsync("b", "2");

        Assert.Equal(["a=1", "b=2"], await waiting);
    }

    [Fact]
    public async Task Read_NotOlderThanWhatDoesNotCome_IsRefusedInTheEnd()
    {
        TestClock clock = new();
        await using CacheRig rig = new(new() { Patience = TimeSpan.FromMilliseconds(100) }, clock);
        long revision = await rig.PutAsync("a", "1");

        Task<string[]> waiting = rig.ListAsync(new Freshness.NotOlderThan(revision + 100));
        while (!waiting.IsCompleted)
        {
            Task armed = clock.AdvancePastNextTimerAsync(Token);
            await Task.WhenAny(waiting, armed);
        }

        await Assert.ThrowsAsync<FutureRevisionException>(() => waiting);
    }

    [Fact]
    public async Task Read_Exactly_IsTheStateOfThen()
    {
        await using CacheRig rig = new();
        long first = await rig.PutAsync("a", "1");
        long second = await rig.PutAsync("b", "2");
        await rig.PutAsync("a", "3");
        long last = await rig.DeleteAsync("b");
        await rig.ListAsync(Consistent);

        Assert.Equal(["a=1"], await rig.ListAsync(new Freshness.Exactly(first)));
        Assert.Equal(["a=1", "b=2"], await rig.ListAsync(new Freshness.Exactly(second)));
        Assert.Equal(["a=3"], await rig.ListAsync(new Freshness.Exactly(last)));
    }

    [Fact]
    public async Task Read_ExactlyWhatTheCacheNeverHad_IsReadFromTheStore()
    {
        await using CacheRig rig = new();
        long first = await rig.PutAsync("a", "1");
        await rig.PutAsync("a", "2");
        await using WatchCache<string> late = rig.NewCache();

        CacheSnapshot<string> old = await late.ReadAsync(
            CacheRig.Prefix, CacheRig.End, new Freshness.Exactly(first), Token);

        Assert.Equal(first, old.Revision);
        Assert.Equal(["a=1"], old.Objects.Select(CacheRig.Text));
        Assert.Equal(2, (await late.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token)).Find("/registry/pods/a")!.Stored.Version);
    }

    [Fact]
    public async Task Read_ExactlyWhatIsCompacted_IsRefused()
    {
        await using CacheRig rig = new();
        long first = await rig.PutAsync("a", "1");
        long last = await rig.PutAsync("a", "2");
        await rig.Store.CompactAsync(last, Token);
        await using WatchCache<string> late = rig.NewCache();

        await Assert.ThrowsAsync<CompactedException>(() => late.ReadAsync(
            CacheRig.Prefix, CacheRig.End, new Freshness.Exactly(first), Token));
    }

    [Fact]
    public async Task Page_ByPage_IsOneStateWhateverIsWritten()
    {
        await using CacheRig rig = new();
        for (int i = 0; i < 7; i++)
        {
            await rig.PutAsync($"n/{i}", "old");
        }

        CachePage<string> page = (await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token))
            .Page(CacheRig.Prefix, CacheRig.End, limit: 3);
        List<string> names = [.. page.Objects.Select(CacheRig.Text)];
        List<int?> remaining = [page.Remaining];

        while (page.Next is not null)
        {
            await rig.PutAsync("n/0", "new");
            await rig.PutAsync($"n/9{names.Count}", "new");
            page = (await rig.Cache.ReadAsync(
                page.Next, CacheRig.End, new Freshness.Exactly(page.Revision), Token)).Page(page.Next, CacheRig.End, 3);
            names.AddRange(page.Objects.Select(CacheRig.Text));
            remaining.Add(page.Remaining);
        }

        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"n/{i}=old"), names);
        Assert.Equal([4, 1, 0], remaining);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(100, false)]
    [InlineData(0, true)]
    [InlineData(2, true)]
    public async Task Page_OfAStateThatTheCacheNeverHad_IsAsIfItHadIt(int limit, bool selects)
    {
        await using CacheRig rig = new();
        long revision = 0;
        for (int i = 0; i < 12; i++)
        {
            revision = await rig.PutAsync($"{i:D2}", i % 3 == 0 ? "third" : "other");
        }

        CacheSnapshot<string> state = await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token);
        await rig.PutAsync("00", "new");
        await using WatchCache<string> late = rig.NewCache();
        CachePageRequest<string> request = new(CacheRig.Prefix, CacheRig.End)
        {
            Limit = limit,
            Matches = selects ? found => found.Facts == "third" : null,
        };

        while (true)
        {
            CachePage<string> expected = state.Page(request.Start, request.End, limit, request.Matches);
            CachePage<string> page = await late.PageAsync(request, new Freshness.Exactly(revision), Token);

            Assert.Equal(expected.Objects.Select(CacheRig.Text), page.Objects.Select(CacheRig.Text));
            Assert.Equal(
                (expected.Next, expected.Remaining, expected.Revision), (page.Next, page.Remaining, page.Revision));

            if (page.Next is null)
            {
                return;
            }

            request = request with { Start = page.Next };
        }
    }

    [Fact]
    public async Task Page_WithASelector_HasSoManyThatMatchAndDoesNotCountTheRest()
    {
        await using CacheRig rig = new();
        for (int i = 0; i < 10; i++)
        {
            await rig.PutAsync($"{i}", i % 2 == 0 ? "even" : "odd");
        }

        CacheSnapshot<string> state = await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token);
        CachePage<string> page = state.Page(CacheRig.Prefix, CacheRig.End, 3, found => found.Facts == "odd");
        CachePage<string> rest = state.Page(page.Next!, CacheRig.End, 3, found => found.Facts == "odd");

        Assert.Equal(["1=odd", "3=odd", "5=odd"], page.Objects.Select(CacheRig.Text));
        Assert.Equal("/registry/pods/7", page.Next);
        Assert.Null(page.Remaining);
        Assert.Equal(["7=odd", "9=odd"], rest.Objects.Select(CacheRig.Text));
        Assert.Null(rest.Next);
    }

    [Fact]
    public async Task Range_OfANamespace_HasItsObjectsOnly()
    {
        await using CacheRig rig = new();
        foreach (string name in (string[])["a/1", "a-b/1", "a0/1", "b/1", "a/2"])
        {
            await rig.PutAsync(name, "x");
        }

        CacheSnapshot<string> state = await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token);

        Assert.Equal(["a/1=x", "a/2=x"], state.Range("/registry/pods/a/", "/registry/pods/a0").Select(CacheRig.Text));
    }

    [Fact]
    public async Task Find_Consistent_IsTheNewestAndTheCachesOwnWhereItHasIt()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("a", "1");
        CachedObject<string> cached =
            (await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token)).Find("/registry/pods/a")!;

        Assert.Same(cached, await rig.Cache.FindAsync("/registry/pods/a", Consistent, Token));
        Assert.Same(cached, await rig.Cache.FindAsync("/registry/pods/a", new Freshness.Any(), Token));
        Assert.Null(await rig.Cache.FindAsync("/registry/pods/b", Consistent, Token));

        await rig.PutAsync("a", "2");
        Assert.Equal("2", (await rig.Cache.FindAsync("/registry/pods/a", Consistent, Token))!.Facts);
        await rig.DeleteAsync("a");
        Assert.Null(await rig.Cache.FindAsync("/registry/pods/a", Consistent, Token));
    }

    [Fact]
    public async Task Read_CacheIsClosed_SaysSo()
    {
        await using CacheRig rig = new();
        long revision = await rig.PutAsync("a", "1");
        Task<string[]> waiting = rig.ListAsync(new Freshness.NotOlderThan(revision + 100));

        await rig.Cache.DisposeAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => waiting);
    }
}
