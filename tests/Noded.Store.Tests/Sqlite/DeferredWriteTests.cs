using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Store.Sqlite;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Sqlite;

/// <summary>Changes that may be lost: everybody sees them at once, the disk later.</summary>
public sealed class DeferredWriteTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-store-");
    private readonly TestClock _clock = new();
    private SqliteStore? _store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_directory.FullName, "state.db");

    private SqliteStore Store => _store!;

    public ValueTask InitializeAsync()
    {
        _store = Open(Database);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Renewal_Acknowledged_IsSeenByAllButNotOnDisk()
    {
        long made = await PutAsync("/leases/a", "held 0");
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/leases/", 0), Token);
        long length = new FileInfo($"{Database}-wal").Length;

        long revision = made;
        for (int i = 1; i <= 100; i++)
        {
            TransactionResult result = await Store.CommitAsync(
                Transaction.Update("/leases/a", revision, Bytes($"renewed {i}")), Token);
            Assert.True(result.Succeeded);
            Assert.True(result.Revision > revision);
            WatchEvent seen = await watch.NextAsync();
            Assert.Equal((result.Revision, $"renewed {i}"), (seen.Current.ModRevision, Text(seen.Current)));
            Assert.Equal(revision, seen.Previous!.ModRevision);
            revision = result.Revision;
        }

        KeyValue found = Assert.Single((await Store.RangeAsync(new("/leases/a", null), Token)).KeyValues);
        Assert.Equal(("renewed 100", revision, made, 101L), (Text(found), found.ModRevision, found.CreateRevision, found.Version));
        Assert.Equal(length, new FileInfo($"{Database}-wal").Length);
        Assert.Equal(1, Rows());
    }

    [Fact]
    public async Task Renewal_OfAnOlderRevision_IsRefused()
    {
        long made = await PutAsync("/leases/a", "held");
        await PutAsync("/leases/a", "renewed 1");

        TransactionResult late = await Store.CommitAsync(Transaction.Update("/leases/a", made, Bytes("renewed 2")), Token);

        Assert.False(late.Succeeded);
        Assert.Equal("renewed 1", Text(Assert.Single(late.Found)));
    }

    [Fact]
    public async Task Range_OverADeferredKey_HasItAtItsRevision()
    {
        await PutAsync("/leases/a", "held");
        long renewed = await PutAsync("/leases/a", "renewed");
        long other = await PutAsync("/pods/a", "x");

        RangeResult now = await Store.RangeAsync(RangeRequest.OfPrefix("/leases/"), Token);
        RangeResult then = await Store.RangeAsync(RangeRequest.OfPrefix("/leases/") with { Revision = renewed }, Token);

        Assert.Equal("renewed", Text(Assert.Single(now.KeyValues)));
        Assert.Equal(other, now.Revision);
        Assert.Equal("renewed", Text(Assert.Single(then.KeyValues)));
    }

    [Fact]
    public async Task Range_OfOtherKeys_IsNotOlderThanARenewal()
    {
        await PutAsync("/leases/a", "held");
        long renewed = await PutAsync("/leases/a", "renewed");

        Assert.Equal(renewed, (await Store.RangeAsync(RangeRequest.OfPrefix("/pods/"), Token)).Revision);
        Assert.Equal(1, Rows());
    }

    [Fact]
    public async Task Flush_AfterItsPeriod_WritesTheLastOnly()
    {
        await PutAsync("/leases/a", "held");
        await PutAsync("/leases/a", "renewed 1");
        await PutAsync("/leases/a", "renewed 2");

        _clock.Advance(TimeSpan.FromMinutes(5));
        await PutAsync("/pods/a", "after the flush");

        Assert.Equal(3, Rows());
    }

    [Fact]
    public async Task Change_ThatIsNoRenewal_WritesBoth()
    {
        await PutAsync("/leases/a", "held");
        long renewed = await PutAsync("/leases/a", "renewed 1");
        long taken = await PutAsync("/leases/a", "taken");
        TransactionResult gone = await Store.CommitAsync(Transaction.Delete("/leases/a", taken), Token);

        Assert.True(gone.Succeeded);
        Assert.Equal(4, Rows());
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/leases/", renewed), Token);
        Assert.Equal(renewed, (await watch.NextAsync()).Current.ModRevision);
        Assert.Equal(renewed, (await watch.NextAsync()).Previous!.ModRevision);
    }

    [Fact]
    public async Task Close_WithRenewals_KeepsThem()
    {
        await PutAsync("/leases/a", "held");
        long renewed = await PutAsync("/leases/a", "renewed");

        await Store.DisposeAsync();
        _store = Open(Database);

        KeyValue found = Assert.Single((await Store.RangeAsync(new("/leases/a", null), Token)).KeyValues);
        Assert.Equal(("renewed", renewed, 2L), (Text(found), found.ModRevision, found.Version));
        await using WatchReader watch = await WatchReader.StartAsync(Store, new("/leases/a", null, 1), Token);
        Assert.Equal("held", Text((await watch.NextAsync()).Current));
        Assert.Equal("held", Text((await watch.NextAsync()).Previous!));
    }

    [Fact]
    public async Task Crash_WithRenewals_LosesThemAndUsesNoRevisionTwice()
    {
        await PutAsync("/leases/a", "held");
        long renewed = await PutAsync("/leases/a", "renewed");
        string copy = Path.Combine(_directory.FullName, "copy");
        foreach (string suffix in (string[])["", "-wal", "-revisions"])
        {
            (await ChildProcess.RunAsync("cp", [Database + suffix, copy + suffix], Token)).OrThrow();
        }

        await using SqliteStore crashed = Open(copy);

        RangeResult found = await crashed.RangeAsync(new("/leases/a", null), Token);
        Assert.Equal("held", Text(Assert.Single(found.KeyValues)));
        Assert.True(found.Revision > renewed);
        await Assert.ThrowsAsync<CompactedException>(
            () => WatchReader.StartAsync(crashed, new("/leases/a", null, renewed + 1), Token));
    }

    [Fact]
    public async Task Compact_WithRenewals_KeepsTheLast()
    {
        await PutAsync("/leases/a", "held");
        await PutAsync("/leases/a", "renewed 1");
        long renewed = await PutAsync("/leases/a", "renewed 2");

        await Store.CompactAsync(renewed, Token);
        await PutAsync("/pods/a", "x");

        RangeResult found = await Store.RangeAsync(RangeRequest.OfPrefix("/leases/") with { Revision = renewed }, Token);
        Assert.Equal("renewed 2", Text(Assert.Single(found.KeyValues)));
    }

    [Fact]
    public async Task Renewals_WhileOthersWriteAndList_AreNeverMissedByAListAndItsWatch()
    {
        const int Rounds = 150;
        await PutAsync("/leases/a", "held");
        Task renewing = RenewAsync(Rounds);

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ListAndWatchAsync()));
        await renewing;
    }

    private async Task RenewAsync(int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            await PutAsync("/leases/a", $"renewed {i}");
            await PutAsync("/leases/b", $"held {i}");
        }

        await PutAsync("/leases/z", "end");
    }

    /// <summary>Lists, then watches from there: the last of each key must be what a list finds in the end.</summary>
    private async Task ListAndWatchAsync()
    {
        for (int i = 0; i < 10; i++)
        {
            RangeResult list = await Store.RangeAsync(RangeRequest.OfPrefix("/leases/"), Token);
            Dictionary<string, KeyValue> state = list.KeyValues.ToDictionary(pair => pair.Key);
            Assert.All(list.KeyValues, pair => Assert.True(pair.ModRevision <= list.Revision));
            await using WatchReader watch = await WatchReader.StartAsync(
                Store, WatchRequest.OfPrefix("/leases/", list.Revision + 1), Token);

            while (!state.ContainsKey("/leases/z"))
            {
                WatchEvent change = await watch.NextAsync();
                Assert.Equal(state.GetValueOrDefault(change.Current.Key)?.ModRevision, change.Previous?.ModRevision);
                state[change.Current.Key] = change.Current;

                if (i < 9 && change.Current.Key == "/leases/b")
                {
                    break;
                }
            }
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(KeyValue pair) => Encoding.UTF8.GetString(pair.Value.Span);

    private async Task<long> PutAsync(string key, string value) =>
        (await Store.CommitAsync(new([], [new Change.Put(key, Bytes(value))]), Token)).Revision;

    private long Rows()
    {
        using SqliteConnection connection = new(Database);
        return connection.ReadInt64("SELECT COUNT(*) FROM history");
    }

    private SqliteStore Open(string path) => SqliteStore.Open(
        new(path)
        {
            MayDefer = (key, _, now) => key.StartsWith("/leases/", StringComparison.Ordinal)
                && Encoding.UTF8.GetString(now.Span).StartsWith("renewed", StringComparison.Ordinal),
        },
        _clock,
        NullLogger<SqliteStore>.Instance);
}
