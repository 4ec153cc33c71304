using System.Text;
using Noded.Store.Etcd;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Crashes;

/// <summary>kill -9 of etcd under our client: who writes and who watches goes on where they were.</summary>
[Trait("Category", "Integration")]
public sealed class EtcdCrashTests : IAsyncLifetime
{
    private const int Rounds = 4;
    private const int Writers = 4;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-etcd-");
    private EtcdServer[] _servers = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("etcd");
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Kill_UnderWrites_LosesNothingAcknowledgedAndWatchesResume()
    {
        await using EtcdStore store = new(
            new([_servers[0].Address]) { Timeout = TimeSpan.FromMinutes(2) }, TimeProvider.System);
        Task<List<WatchEvent>> watching = WatchToEndAsync(store);
        List<(string Key, long Revision, string Value)> acknowledged = [];

        for (int round = 0; round < Rounds; round++)
        {
            Task<List<(string Key, long Revision, string Value)>>[] writing =
                [.. Enumerable.Range(0, Writers).Select(writer => WriteUntilRefusedAsync(store, round, writer))];
            await FirstWritesAsync(store, round);
            await _servers[0].KillAsync(Token);
            acknowledged.AddRange((await Task.WhenAll(writing)).SelectMany(writes => writes));
            await _servers[0].RestartAsync(Token);
        }

        await store.CommitAsync(Transaction.Create("/k/end", ReadOnlyMemory<byte>.Empty), Token);
        List<WatchEvent> history = await watching;
        Dictionary<long, WatchEvent> byRevision = history.ToDictionary(change => change.Current.ModRevision);

        Assert.Equal(history.Select(change => change.Current.ModRevision).Order(),
            history.Select(change => change.Current.ModRevision));
        Assert.All(acknowledged, write => Assert.Equal(
            (write.Key, write.Value),
            (byRevision[write.Revision].Current.Key, Encoding.UTF8.GetString(byRevision[write.Revision].Current.Value.Span))));
    }

    /// <summary>Waits until every writer of a round has something acknowledged.</summary>
    private static async Task FirstWritesAsync(EtcdStore store, int round)
    {
        await using WatchReader watch = await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/k/", 1), Token);
        HashSet<string> seen = [];
        while (seen.Count < Writers)
        {
            WatchEvent change = await watch.NextAsync();
            if (Encoding.UTF8.GetString(change.Current.Value.Span).StartsWith($"{round}.", StringComparison.Ordinal))
            {
                seen.Add(change.Current.Key);
            }
        }
    }

    private static async Task<List<(string Key, long Revision, string Value)>> WriteUntilRefusedAsync(
        EtcdStore store, int round, int writer)
    {
        List<(string, long, string)> acknowledged = [];
        for (int i = 0; ; i++)
        {
            string value = $"{round}.{i}";
            try
            {
                TransactionResult result = await store.CommitAsync(
                    new([], [new Change.Put($"/k/{writer}", Encoding.UTF8.GetBytes(value))]), Token);
                acknowledged.Add(($"/k/{writer}", result.Revision, value));
            }
            catch (StoreUnavailableException)
            {
                return acknowledged;
            }
        }
    }

    private static async Task<List<WatchEvent>> WatchToEndAsync(EtcdStore store)
    {
        List<WatchEvent> events = [];
        long next = 1;
        while (true)
        {
            try
            {
                await foreach (WatchBatch batch in store.WatchAsync(WatchRequest.OfPrefix("/k/", next), Token))
                {
                    events.AddRange(batch.Events);
                    next = Math.Max(next, batch.Revision + 1);

                    if (events.Count > 0 && events[^1].Current.Key == "/k/end")
                    {
                        return events;
                    }
                }
            }
            catch (StoreUnavailableException)
            {
                // Again from where it was. Connecting to nobody takes its time, so this does not spin for long.
                await Task.Yield();
            }
        }
    }
}
