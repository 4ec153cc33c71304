using Noded.ApiServer.WatchCaches;
using Noded.Store;
using Noded.Testing;

namespace Noded.ApiServer.Tests.WatchCaches;

/// <summary>What the cache does when the store's watch is late, ends, or has missed something.</summary>
public sealed class WatchCacheFaultTests
{
    private static readonly CacheWatchRequest<string> All = new(CacheRig.Prefix, CacheRig.End);
    private static readonly Freshness Consistent = new Freshness.Consistent();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_WatchIsLate_WaitsForIt()
    {
        BrokenStore? broken = null;
        await using CacheRig rig = new(around: store => broken = new(store));
        await rig.PutAsync("a", "1");
        await rig.ListAsync(Consistent);
        broken!.Hold();
        long revision = await rig.PutAsync("a", "2");

        Task<string[]> consistent = rig.ListAsync(Consistent);
        Task<string[]> notOlder = rig.ListAsync(new Freshness.NotOlderThan(revision));
        string[] any = await rig.ListAsync(new Freshness.Any());
        Assert.False(consistent.IsCompleted || notOlder.IsCompleted);
        broken.Release();

        Assert.Equal(["a=1"], any);
        Assert.Equal(["a=2"], await consistent);
        Assert.Equal(["a=2"], await notOlder);
    }

    [Fact]
    public async Task Read_StoreThatCannotTellItsProgress_IsReadItself()
    {
        BrokenStore? broken = null;
        await using CacheRig rig = new(around: store => broken = new(store) { HasProgress = false });
        await rig.ListAsync(Consistent);
        broken!.Hold();
        await rig.PutAsync("a", "1");

        Assert.Equal(["a=1"], await rig.ListAsync(Consistent));
    }

    [Fact]
    public async Task Feed_WatchEnds_GoesOnWithoutListing()
    {
        TestClock clock = new();
        BrokenStore? broken = null;
        await using CacheRig rig = new(clock: clock, around: store => broken = new(store));
        await rig.PutAsync("a", "1");
        await rig.ListAsync(Consistent);
        await using NoticeReader watch = new(rig.Cache, All with { State = new Freshness.Any() });
        Assert.Equal(["Added a=1"], await watch.NextAsync(1));
        int lists = broken!.Lists;

        broken.Break();
        await rig.PutAsync("a", "2");
        await AdvanceUntilAsync(clock, watch.NextAsync(1));
        await rig.PutAsync("a", "3");

        Assert.Equal(["Modified a=3"], await watch.NextAsync(1));
        Assert.Equal(lists, broken.Lists);
    }

    [Fact]
    public async Task Feed_ChangesCompactedUnseen_ListsAndCutsTheWatches()
    {
        TestClock clock = new();
        BrokenStore? broken = null;
        await using CacheRig rig = new(clock: clock, around: store => broken = new(store));
        long first = await rig.PutAsync("a", "1");
        await rig.ListAsync(Consistent);
        await using NoticeReader watch = new(rig.Cache, All with { State = new Freshness.Any() });
        Assert.Equal(["Added a=1"], await watch.NextAsync(1));

        broken!.Hold();
        broken.Break();
        await rig.PutAsync("a", "2");
        await rig.PutAsync("b", "3");
        await rig.Store.CompactAsync(await rig.DeleteAsync("a"), Token);
        broken.Release();

        await AdvanceUntilAsync(clock, watch.NextOrEndAsync());
        Assert.Equal(["b=3"], await rig.ListAsync(Consistent));
        await using NoticeReader old = new(rig.Cache, All with { After = first });
        await Assert.ThrowsAsync<CompactedException>(old.NextAsync);
    }

    [Fact]
    public async Task Feed_ObjectThatCannotBeDecoded_BeginsAnew()
    {
        TestClock clock = new();
        await using CacheRig rig = new(clock: clock);
        await rig.PutAsync("a", "1");
        await rig.ListAsync(Consistent);
        await using NoticeReader watch = new(rig.Cache, All with { State = new Freshness.Any() });
        Assert.Equal(["Added a=1"], await watch.NextAsync(1));

        await rig.PutAsync("a", "broken");

        await AdvanceUntilAsync(clock, watch.NextOrEndAsync());
        Assert.Equal(["a=broken"], await rig.ListAsync(new Freshness.Any()));
    }

    /// <summary>Lets time pass, timer by timer, until something has happened.</summary>
    private static async Task AdvanceUntilAsync(TestClock clock, Task happened)
    {
        while (!happened.IsCompleted)
        {
            await Task.WhenAny(happened, clock.AdvancePastNextTimerAsync(Token));
        }

        await happened;
    }
}
