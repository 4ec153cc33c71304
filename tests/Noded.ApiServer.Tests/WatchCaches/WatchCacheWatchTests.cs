using Noded.ApiServer.WatchCaches;
using Noded.Store;
using Noded.Testing;

namespace Noded.ApiServer.Tests.WatchCaches;

public sealed class WatchCacheWatchTests
{
    private static readonly CacheWatchRequest<string> All = new(CacheRig.Prefix, CacheRig.End);
    private static readonly Freshness Consistent = new Freshness.Consistent();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_AfterARevision_TellsWhatChangedSince()
    {
        await using CacheRig rig = new();
        await rig.ListAsync(Consistent);
        long first = await rig.PutAsync("a", "1");
        await rig.PutAsync("b", "2");
        await rig.PutAsync("a", "3");
        long deleted = await rig.DeleteAsync("a");
        await rig.ListAsync(Consistent);

        await using NoticeReader watch = new(rig.Cache, All with { After = first });
        Assert.Equal(["Added b=2", "Modified a=3"], await watch.NextAsync(2));
        WatchNotice<string> gone = await watch.NextAsync();
        Assert.Equal("Deleted a=3", CacheRig.Text(gone));
        Assert.Equal(deleted, gone.Object!.Revision);

        await rig.PutAsync("c", "4");
        Assert.Equal(["Added c=4"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_WithTheState_TellsItFirstAndMarksItsEnd()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("b", "2");
        long revision = await rig.PutAsync("a", "1");

        await using NoticeReader watch = new(rig.Cache, All with { State = Consistent, MarksEndOfState = true });
        Assert.Equal(["Added a=1", "Added b=2"], await watch.NextAsync(2));
        WatchNotice<string> mark = await watch.NextAsync();
        Assert.True(mark.EndsInitialEvents);
        Assert.Equal(revision, mark.Revision);

        await rig.DeleteAsync("b");
        Assert.Equal(["Deleted b=2"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_WithTheStateOfNothing_MarksItsEndAtOnce()
    {
        await using CacheRig rig = new();
        long revision = await rig.PutElsewhereAsync();

        await using NoticeReader watch = new(rig.Cache, All with { State = Consistent, MarksEndOfState = true });

        Assert.True((await watch.NextAsync()).Revision >= revision);
    }

    [Fact]
    public async Task Watch_WithASelector_SeesObjectsComeAndGo()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("a", "red");
        await rig.PutAsync("b", "blue");
        await using NoticeReader watch = new(
            rig.Cache, All with { State = Consistent, Matches = found => found.Facts.StartsWith("red", StringComparison.Ordinal) });

        Assert.Equal(["Added a=red"], await watch.NextAsync(1));
        await rig.PutAsync("b", "blue again");
        await rig.PutAsync("b", "red now");
        await rig.PutAsync("b", "red still");
        long left = await rig.PutAsync("b", "blue");
        await rig.DeleteAsync("b");
        await rig.DeleteAsync("a");

        Assert.Equal(["Added b=red now", "Modified b=red still"], await watch.NextAsync(2));
        WatchNotice<string> gone = await watch.NextAsync();
        Assert.Equal("Deleted b=red still", CacheRig.Text(gone));
        Assert.Equal(left, gone.Object!.Revision);
        Assert.Equal(["Deleted a=red"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_ByTheIndex_SeesObjectsComeAndGo()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("a", "node1 x");
        await using NoticeReader first = new(rig.Cache, OfNode("node1"));
        await using NoticeReader second = new(rig.Cache, OfNode("node2"));
        Assert.Equal(["Added a=node1 x", "end of state"], await first.NextAsync(2));
        Assert.Equal(["end of state"], await second.NextAsync(1));

        await rig.PutAsync("b", "node3 y");
        await rig.PutAsync("a", "node2 x");
        await rig.PutAsync("a", "node2 z");
        await rig.DeleteAsync("a");

        Assert.Equal(["Deleted a=node1 x"], await first.NextAsync(1));
        Assert.Equal(["Added a=node2 x", "Modified a=node2 z", "Deleted a=node2 z"], await second.NextAsync(3));

        static CacheWatchRequest<string> OfNode(string node) => All with
        {
            State = Consistent,
            MarksEndOfState = true,
            IndexValue = node,
            Matches = found => found.Facts.StartsWith(node, StringComparison.Ordinal),
        };
    }

    [Fact]
    public async Task Watch_OfANamespace_TellsOfNoOther()
    {
        await using CacheRig rig = new();
        await using NoticeReader watch = new(
            rig.Cache,
            new("/registry/pods/a/", "/registry/pods/a0") { State = Consistent, MarksEndOfState = true });
        Assert.Equal(["end of state"], await watch.NextAsync(1));

        await rig.PutAsync("b/1", "x");
        await rig.PutAsync("a/1", "x");

        Assert.Equal(["Added a/1=x"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_AfterWhatIsNotKept_TellsItFromTheStoreWithoutAGap()
    {
        await using CacheRig rig = new(new() { MaxChanges = 4 });
        long first = await rig.PutAsync("a", "0");
        await rig.ListAsync(Consistent);
        for (int i = 1; i <= 10; i++)
        {
            await rig.PutAsync("a", $"{i}");
        }

        await rig.ListAsync(Consistent);

        await using NoticeReader watch = new(rig.Cache, All with { After = first });
        string[] told = await watch.NextAsync(10);
        await rig.PutAsync("a", "11");

        Assert.Equal([.. Enumerable.Range(1, 10).Select(i => $"Modified a={i}")], told);
        Assert.Equal(["Modified a=11"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_AfterWhatIsNotKeptWithASelector_SeesObjectsComeAndGo()
    {
        await using CacheRig rig = new(new() { MaxChanges = 1 });
        long first = await rig.PutAsync("a", "in 1");
        await rig.PutAsync("a", "out 2");
        await rig.PutAsync("a", "in 3");
        await rig.DeleteAsync("a");
        await rig.PutAsync("b", "out 4");
        await rig.ListAsync(Consistent);

        await using NoticeReader watch = new(
            rig.Cache, All with { After = first, Matches = found => found.Facts.StartsWith("in", StringComparison.Ordinal) });

        Assert.Equal(["Deleted a=in 1", "Added a=in 3", "Deleted a=in 3"], await watch.NextAsync(3));
    }

    [Fact]
    public async Task Watch_AfterWhatIsCompacted_IsRefused()
    {
        await using CacheRig rig = new(new() { MaxChanges = 1 });
        long first = await rig.PutAsync("a", "0");
        await rig.PutAsync("a", "1");
        await rig.Store.CompactAsync(await rig.PutAsync("a", "2"), Token);
        await rig.ListAsync(Consistent);

        await using NoticeReader watch = new(rig.Cache, All with { After = first });

        await Assert.ThrowsAsync<CompactedException>(watch.NextAsync);
    }

    [Fact]
    public async Task Watch_FromNowOn_TellsNothingOfTheState()
    {
        await using CacheRig rig = new();
        await rig.PutAsync("a", "1");
        await using NoticeReader watch = new(
            rig.Cache, All with { State = Consistent, TellsState = false, MarksEndOfState = true });
        Assert.Equal(["end of state"], await watch.NextAsync(1));

        await rig.PutAsync("a", "2");

        Assert.Equal(["Modified a=2"], await watch.NextAsync(1));
    }

    [Fact]
    public async Task Watch_TooSlow_EndsAfterWhatItKnows()
    {
        await using CacheRig rig = new(new() { MaxChanges = 4 });
        await using NoticeReader slow = new(rig.Cache, All with { State = Consistent, MarksEndOfState = true });
        await using NoticeReader fast = new(rig.Cache, All with { State = Consistent, MarksEndOfState = true });
        await slow.NextAsync();
        await fast.NextAsync();

        for (int i = 0; i < 10; i++)
        {
            await rig.PutAsync("a", $"{i}");
            Assert.Equal($"a={i}", CacheRig.Text((await fast.NextAsync()).Object!));
        }

        Assert.Null(await slow.NextOrEndAsync());
    }

    [Fact]
    public async Task Watch_Bookmarks_ComePeriodicallyAndSayHowFarTheStoreIs()
    {
        TestClock clock = new();
        await using CacheRig rig = new(new() { Patience = TimeSpan.FromHours(1) }, clock);
        await using NoticeReader watch = new(
            rig.Cache, All with { State = Consistent, MarksEndOfState = true, WantsBookmarks = true });
        await using NoticeReader without = new(rig.Cache, All with { State = Consistent, MarksEndOfState = true });
        Assert.Equal(["end of state"], await watch.NextAsync(1));
        Assert.Equal(["end of state"], await without.NextAsync(1));

        for (int i = 0; i < 3; i++)
        {
            long revision = await rig.PutElsewhereAsync();
            clock.Advance(TimeSpan.FromMinutes(1));
            WatchNotice<string> bookmark = await watch.NextAsync();
            Assert.Equal("bookmark", CacheRig.Text(bookmark));
            Assert.True(bookmark.Revision >= revision);
        }

        await rig.PutAsync("a", "1");
        Assert.Equal(["Added a=1"], await without.NextAsync(1));
    }

    [Fact]
    public async Task Encoded_ByManyWatches_IsMadeOncePerMediaType()
    {
        await using CacheRig rig = new();
        NoticeReader[] watches =
            [.. Enumerable.Range(0, 8).Select(_ => new NoticeReader(rig.Cache, All with { State = Consistent, MarksEndOfState = true }))];
        int encoded = 0;

        foreach (NoticeReader watch in watches)
        {
            await watch.NextAsync();
        }

        await rig.PutAsync("a", "1");
        await rig.DeleteAsync("a");

        await Task.WhenAll(watches.Select(async watch =>
        {
            for (int i = 0; i < 2; i++)
            {
                CachedObject<string> found = (await watch.NextAsync()).Object!;
                foreach (string mediaType in (string[])["json", "protobuf", "json"])
                {
                    ReadOnlyMemory<byte> bytes = found.Encoded(mediaType, one =>
                    {
                        Interlocked.Increment(ref encoded);
                        return new byte[] { (byte)mediaType[0] };
                    });
                    Assert.Equal((byte)mediaType[0], bytes.Span[0]);
                }
            }

            await watch.DisposeAsync();
        }));

        // Two objects, one of them deleted, two media types.
        Assert.Equal(4, encoded);
    }

    [Fact]
    public async Task Watch_StateAndChangesWhileOthersWrite_HaveNoGapAndNoRepeat()
    {
        const int Writes = 400;
        await using CacheRig rig = new();
        Task writing = WriteAsync(rig, Writes);

        Dictionary<string, string>[] states = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => FollowAsync(rig)));
        await writing;

        Dictionary<string, string> expected = (await rig.Cache.ReadAsync(CacheRig.Prefix, CacheRig.End, Consistent, Token))
            .Objects.ToDictionary(found => found.Key, found => found.Facts);
        Assert.All(states, state => Assert.Equal(expected, state));
    }

    private static async Task WriteAsync(CacheRig rig, int count)
    {
        Random random = new(1);
        for (int i = 0; i < count; i++)
        {
            string name = $"{random.Next(20)}";
            await (random.Next(3) == 0 ? rig.DeleteAsync(name) : rig.PutAsync(name, $"{i}"));
        }

        await rig.PutAsync("z", "end");
    }

    /// <summary>Builds the state from a watch, and fails on an event that does not fit to what was told before.</summary>
    private static async Task<Dictionary<string, string>> FollowAsync(CacheRig rig)
    {
        Dictionary<string, string> state = [];
        await foreach (WatchNotice<string> notice in rig.Cache.WatchAsync(All with { State = Consistent }, Token))
        {
            CachedObject<string> found = notice.Object!;
            switch (notice.Type)
            {
                case NoticeType.Added:
                    Assert.True(state.TryAdd(found.Key, found.Facts), "Added twice.");
                    break;
                case NoticeType.Modified:
                    Assert.True(state.ContainsKey(found.Key), "Modified, but not known.");
                    state[found.Key] = found.Facts;
                    break;
                default:
                    Assert.True(state.Remove(found.Key), "Deleted, but not known.");
                    break;
            }

            if (found.Facts == "end")
            {
                break;
            }
        }

        return state;
    }
}
