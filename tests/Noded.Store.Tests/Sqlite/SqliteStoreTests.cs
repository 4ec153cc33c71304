using Microsoft.Extensions.Logging.Abstractions;
using Noded.Store.Sqlite;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Sqlite;

/// <summary>What only the embedded store promises: its files, its revisions over crashes, its leases over restarts.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-store-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_directory.FullName, "state.db");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Open_Files_AreTheirOwnersAlone()
    {
        await using SqliteStore store = Open();
        await store.CommitAsync(Put("/a", "1"), Token);

        string[] files = [.. _directory.EnumerateFiles().Select(file => file.FullName).Order()];

        Assert.Equal([Database, $"{Database}-revisions", $"{Database}-shm", $"{Database}-wal"], files);
        Assert.All(files, file => Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Open_WhileItIsOpen_IsRefused()
    {
        await using SqliteStore store = Open();

        Assert.Throws<StoreUnavailableException>(() => Open());
    }

    [Fact]
    public async Task Open_FileThatIsNoDatabase_SaysSo()
    {
        await File.WriteAllTextAsync(Database, new string('x', 10_000), Token);

        StoreUnavailableException refused = Assert.Throws<StoreUnavailableException>(() => Open());

        Assert.Contains(Database, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_TablesOfALaterVersion_IsRefused()
    {
        await Open().DisposeAsync();
        using (SqliteConnection connection = new(Database))
        {
            connection.Execute("PRAGMA user_version = 99");
        }

        Assert.Throws<InvalidDataException>(() => Open());
    }

    [Fact]
    public async Task Open_AfterAClose_GoesOnAtTheSameRevision()
    {
        TransactionResult written;
        await using (SqliteStore store = Open())
        {
            await store.CommitAsync(Put("/a", "1"), Token);
            written = await store.CommitAsync(Put("/a", "2"), Token);
        }

        await using SqliteStore again = Open();
        RangeResult read = await again.RangeAsync(new("/a", null), Token);
        TransactionResult next = await again.CommitAsync(Put("/a", "3"), Token);

        Assert.Equal(written.Revision, read.Revision);
        Assert.Equal(written.Revision, Assert.Single(read.KeyValues).ModRevision);
        Assert.Equal(written.Revision + 1, next.Revision);
    }

    [Fact]
    public async Task Watch_FromBeforeTheStart_ReadsTheTable()
    {
        List<long> revisions = [];
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 1200; i++)
            {
                revisions.Add((await store.CommitAsync(Put($"/w/{i % 3}", $"{i}"), Token)).Revision);
                await store.CommitAsync(Put("/other", $"{i}"), Token);
            }
        }

        await using SqliteStore again = Open();
        await using WatchReader watch =
            await WatchReader.StartAsync(again, WatchRequest.OfPrefix("/w/", revisions[0]), Token);
        revisions.Add((await again.CommitAsync(Put("/w/end", ""), Token)).Revision);
        List<WatchEvent> events = await watch.UntilAsync("/w/end");

        Assert.Equal(revisions, events.Select(change => change.Current.ModRevision));
        Assert.Equal(revisions[0], events[3].Previous!.ModRevision);
    }

    [Fact]
    public async Task Open_EndOfTheLogIsLost_GivesOutNoRevisionTwice()
    {
        long kept, lost;
        string copy = Path.Combine(_directory.FullName, "copy");
        await using (SqliteStore store = Open())
        {
            kept = (await store.CommitAsync(Put("/a", "kept"), Token)).Revision;
            await CopyAsync(copy, "", "-wal");

            await store.CommitAsync(Put("/a", "lost"), Token);
            lost = (await store.CommitAsync(Put("/a", "lost, too"), Token)).Revision;
            await CopyAsync(copy, "-revisions");
        }

        await using SqliteStore again = Open(copy);
        RangeResult read = await again.RangeAsync(new("/a", null), Token);
        TransactionResult written = await again.CommitAsync(Put("/a", "new"), Token);

        Assert.Equal(kept, Assert.Single(read.KeyValues).ModRevision);
        Assert.True(read.Revision > lost, "Whoever reads now must be able to tell it from what was lost.");
        Assert.True(written.Revision > lost);

        // Whoever has seen what was lost has to begin anew; whoever has seen what was kept goes on.
        await Assert.ThrowsAsync<CompactedException>(
            () => again.RangeAsync(new("/a", null) { Revision = lost }, Token));
        await Assert.ThrowsAsync<CompactedException>(
            () => WatchReader.StartAsync(again, new("/a", null, lost + 1), Token));
        await using WatchReader watch = await WatchReader.StartAsync(again, new("/a", null, kept + 1), Token);
        Assert.Equal(written.Revision, (await watch.NextAsync()).Current.ModRevision);
    }

    [Fact]
    public async Task Compact_UnderManyOverwrites_KeepsTheFileSmall()
    {
        await using SqliteStore store = Open();
        long largest = 0;

        for (int round = 0; round < 8; round++)
        {
            long revision = 0;
            for (int i = 0; i < 10; i++)
            {
                Change[] changes =
                    [.. Enumerable.Range(0, 100).Select(n => new Change.Put($"/k/{n}", new byte[4000]))];
                revision = (await store.CommitAsync(new([], [.. changes]), Token)).Revision;
            }

            await store.CompactAsync(revision, Token);
            largest = Math.Max(largest, new FileInfo(Database).Length);
        }

        // 8 rounds wrote 33 MB; what lives at any time, and one round, is 4.5 MB.
        Assert.True(largest < 16 << 20, $"The file has {largest} bytes.");
        Assert.Equal(100, (await store.RangeAsync(RangeRequest.OfPrefix("/k/"), Token)).Count);
    }

    [Fact]
    public async Task Compact_Finished_LeavesOneRowPerKey()
    {
        await using (SqliteStore store = Open())
        {
            for (int i = 0; i < 1000; i++)
            {
                await store.CommitAsync(Put($"/k/{i % 10}", $"{i}"), Token);
            }

            await store.CommitAsync(new([], [new Change.Delete("/k/0")]), Token);
            long revision = (await store.CommitAsync(Put("/k/1", "last"), Token)).Revision;
            await store.CompactAsync(revision, Token);

            // The rows go between commits; ten commits are more than the work there is.
            for (int i = 0; i < 10; i++)
            {
                await store.CommitAsync(Put("/k/1", $"{i}"), Token);
            }
        }

        using SqliteConnection connection = new(Database);
        Assert.Equal(9 + 10, connection.ReadInt64("SELECT COUNT(*) FROM history"));
        Assert.Equal("ok", IntegrityCheck(connection));
    }

    [Fact]
    public async Task Lease_StoreIsRestarted_EndsWhenItShould()
    {
        TestClock clock = new();
        await using (SqliteStore store = Open(clock: clock))
        {
            long lease = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10), Token);
            await store.CommitAsync(new([], [new Change.Put("/l", Array.Empty<byte>(), lease)]), Token);
        }

        clock.Advance(TimeSpan.FromMinutes(9));
        await using (SqliteStore store = Open(clock: clock))
        {
            Assert.Equal(1, (await store.RangeAsync(new("/l", null), Token)).Count);
            await using WatchReader watch = await WatchReader.StartAsync(store, new("/l", null, 0), Token);

            clock.Advance(TimeSpan.FromMinutes(1));

            Assert.True((await watch.NextAsync()).IsDelete);
        }
    }

    [Fact]
    public async Task Lease_StoreWasDownWhenItEnded_EndsAtTheStart()
    {
        TestClock clock = new();
        await using (SqliteStore store = Open(clock: clock))
        {
            long lease = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10), Token);
            await store.CommitAsync(new([], [new Change.Put("/l", Array.Empty<byte>(), lease)]), Token);
        }

        clock.Advance(TimeSpan.FromHours(1));
        await using SqliteStore again = Open(clock: clock);
        await using WatchReader watch = await WatchReader.StartAsync(again, new("/l", null, 2), Token);

        Assert.False((await watch.NextAsync()).IsDelete);
        Assert.True((await watch.NextAsync()).IsDelete);
    }

    [Fact]
    public async Task Lease_TimerFiresBeforeItsTime_EndsAtItsTime()
    {
        TestClock clock = new();
        await using SqliteStore store = Open(clock: new HastyClock(clock));
        long lease = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10), Token);
        await store.CommitAsync(new([], [new Change.Put("/l", Array.Empty<byte>(), lease)]), Token);
        await using WatchReader watch = await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/l", 0), Token);

        TimeSpan first = await clock.WaitForTimerAsync(Token).WaitAsync(Bound, Token);
        clock.Advance(first);
        TimeSpan second = await clock.WaitForTimerAsync(Token).WaitAsync(Bound, Token);
        clock.Advance(second);

        Assert.True((await watch.NextAsync().WaitAsync(Bound, Token)).IsDelete);
        Assert.Equal(TimeSpan.FromMinutes(10), first + second);
    }

    [Fact]
    public async Task Lease_TimeOfDayIsSet_EndsWhenItsTimeHasPassed()
    {
        TestClock clock = new();
        SteppedClock stepped = new(clock);
        await using SqliteStore store = Open(clock: stepped);
        long lease = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10), Token);
        await store.CommitAsync(new([], [new Change.Put("/l", Array.Empty<byte>(), lease)]), Token);
        await using WatchReader watch = await WatchReader.StartAsync(store, new("/l", null, 0), Token);

        stepped.Step(TimeSpan.FromDays(1));
        clock.Advance(TimeSpan.FromMinutes(9));
        await store.CommitAsync(new([], [new Change.Put("/l", new byte[1], lease)]), Token);
        Assert.False((await watch.NextAsync()).IsDelete);
        stepped.Step(TimeSpan.FromDays(-2));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.True((await watch.NextAsync()).IsDelete);
    }

    private static Transaction Put(string key, string value) =>
        new([], [new Change.Put(key, System.Text.Encoding.UTF8.GetBytes(value))]);

    private static string IntegrityCheck(SqliteConnection connection)
    {
        using SqliteStatement check = connection.Prepare("PRAGMA integrity_check");
        return check.Step() ? check.Text(0) : "";
    }

    // By another process: to close a file here would give up the locks that SQLite has on it.
    private async Task CopyAsync(string copy, params string[] suffixes)
    {
        foreach (string suffix in suffixes)
        {
            (await ChildProcess.RunAsync("cp", [Database + suffix, copy + suffix], Token)).OrThrow();
        }
    }

    private SqliteStore Open(string? path = null, TimeProvider? clock = null) => SqliteStore.Open(
        new(path ?? Database), clock ?? TimeProvider.System, NullLogger<SqliteStore>.Instance);

    /// <summary>Its timers fire a millisecond before their time, as timers that count in whole milliseconds may.</summary>
    private sealed class HastyClock(TimeProvider clock) : TimeProvider
    {
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new HastyTimer(clock.CreateTimer(callback, state, Early(dueTime), period));

        private static TimeSpan Early(TimeSpan dueTime) => dueTime > Step ? dueTime - Step : dueTime;

        private sealed class HastyTimer(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Early(dueTime), period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
