using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Store.Sqlite;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Crashes;

/// <summary>kill -9 and full disks under a process that writes.</summary>
[Trait("Category", "Integration")]
public sealed class SqliteCrashTests : IDisposable
{
    private const int Rounds = 8;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-store-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_directory.FullName, "state.db");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Kill_UnderWrites_LosesNothingAcknowledgedAndUsesNoRevisionTwice()
    {
        List<Acknowledged> all = await KillAgainAndAgainAsync("write");

        await using SqliteStore store = Open();
        RangeResult end = await store.RangeAsync(new("/w/", "/w0"), Token);
        await using WatchReader watch = await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/w/", 1), Token);
        await store.CommitAsync(Transaction.Create("/w/~end", ReadOnlyMemory<byte>.Empty), Token);
        List<WatchEvent> history = [.. (await watch.UntilAsync("/w/~end")).SkipLast(1)];

        // Everything acknowledged is in the history, where and as it was acknowledged.
        Dictionary<long, WatchEvent> byRevision = history.ToDictionary(change => change.Current.ModRevision);
        Assert.All(all, write => AssertIs(write, byRevision[write.Revision].Current));
        Assert.Equal(all.Count, all.DistinctBy(write => write.Revision).Count());
        AssertIsWhole(history, end);
    }

    [Fact]
    public async Task Kill_UnderCompaction_LosesNothingAcknowledged()
    {
        List<Acknowledged> all = await KillAgainAndAgainAsync("compact");

        await using (SqliteStore store = Open())
        {
            foreach (Acknowledged last in all.GroupBy(write => write.Key).Select(writes => writes.MaxBy(write => write.Revision)!))
            {
                KeyValue found = Assert.Single((await store.RangeAsync(new(last.Key, null), Token)).KeyValues);
                Assert.True(found.ModRevision >= last.Revision);

                if (found.ModRevision == last.Revision)
                {
                    AssertIs(last, found);
                }
            }
        }

        using SqliteConnection connection = new(Database);
        using SqliteStatement check = connection.Prepare("PRAGMA integrity_check");
        Assert.True(check.Step());
        Assert.Equal("ok", check.Text(0));
    }

    [Fact]
    public async Task Disk_Full_RefusesWritesAndGoesOnWhenThereIsRoom()
    {
        Requires.Root();
        const string Script = """
            mount -t tmpfs -o size=6m tmpfs "$1"
            head -c 3000000 /dev/zero > "$1/ballast"
            exec "$2" fill "$1/state.db"
            """;

        ProgramResult result = await ChildProcess.RunAsync(
            "unshare",
            ["--mount", "--propagation", "private", "sh", "-ec", Script, "sh", _directory.FullName, CrashProgram.Path],
            Token);

        string[] lines = result.OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("refused True", lines[1], StringComparison.Ordinal);
        string[] full = lines[2].Split(' ');
        Assert.True(int.Parse(full[1], CultureInfo.InvariantCulture) > 50, lines[2]);
        Assert.Equal(full[1], full[2]);
        Assert.Equal("again True", lines[3]);
    }

    private static void AssertIs(Acknowledged write, KeyValue found)
    {
        Assert.Equal(write.Key, found.Key);
        Assert.Equal(write.Length, found.Value.Length);
        Assert.StartsWith(write.Begin, Encoding.UTF8.GetString(found.Value.Span), StringComparison.Ordinal);
    }

    /// <summary>Every change has the one before it, and the last of each key is what can be read.</summary>
    private static void AssertIsWhole(List<WatchEvent> history, RangeResult end)
    {
        Dictionary<string, KeyValue> state = [];
        long revision = 0;

        foreach (WatchEvent change in history)
        {
            Assert.True(change.Current.ModRevision > revision);
            revision = change.Current.ModRevision;
            Assert.Equal(state.GetValueOrDefault(change.Current.Key)?.ModRevision, change.Previous?.ModRevision);
            state[change.Current.Key] = change.Current;
        }

        Assert.Equal(
            state.Values.Select(pair => (pair.Key, pair.ModRevision)).Order(),
            end.KeyValues.Select(pair => (pair.Key, pair.ModRevision)));
    }

    private async Task<List<Acknowledged>> KillAgainAndAgainAsync(string action)
    {
        Random random = new(1);
        List<Acknowledged> all = [];

        for (int round = 0; round < Rounds; round++)
        {
            (long begin, List<Acknowledged> writes) =
                await CrashProgram.WriteAndKillAsync(action, Database, after: random.Next(1, 300), Token);

            // Whatever a process ever acknowledged, the next one begins after it.
            Assert.All(all, write => Assert.True(write.Revision <= begin));
            Assert.All(writes, write => Assert.True(write.Revision > begin));
            all.AddRange(writes);
        }

        return all;
    }

    private SqliteStore Open() => SqliteStore.Open(new(Database), TimeProvider.System, NullLogger<SqliteStore>.Instance);
}
