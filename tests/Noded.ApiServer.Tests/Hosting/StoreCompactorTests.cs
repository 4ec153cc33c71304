using Microsoft.Extensions.Logging.Abstractions;

using Noded.ApiServer.Hosting;
using Noded.ApiServer.Tests.WatchCaches;
using Noded.Store;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Hosting;

public sealed class StoreCompactorTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_EachInterval_ForgetsWhatIsOlderThanTheOneBefore()
    {
        await using CacheRig rig = new();
        RecordingStore store = new(rig.Store);
        TestClock clock = new();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = new StoreCompactor(store, Interval, clock, NullLogger.Instance).RunAsync(stop.Token);

        long first = await rig.PutAsync("a", "1");
        clock.Advance(Interval);
        await store.AskedAsync(Token);
        long second = await rig.PutAsync("a", "2");
        await rig.PutAsync("a", "3");
        Assert.Equal("1", await ReadAsync(rig, first));
        clock.Advance(Interval);

        Assert.Equal(first, await store.CompactedAsync(Token));
        Assert.Equal("1", await ReadAsync(rig, first));
        Assert.Equal("2", await ReadAsync(rig, second));

        await store.AskedAsync(Token);
        clock.Advance(Interval);
        long third = await store.CompactedAsync(Token);
        Assert.True(third > second);
        await Assert.ThrowsAsync<CompactedException>(() => ReadAsync(rig, second));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Run_NoInterval_NeverCompacts()
    {
        await using CacheRig rig = new();

        await new StoreCompactor(rig.Store, TimeSpan.Zero, new TestClock(), NullLogger.Instance).RunAsync(Token);
    }

    private static async Task<string> ReadAsync(CacheRig rig, long revision)
    {
        RangeResult result = await rig.Store.RangeAsync(new($"{CacheRig.Prefix}a", null) { Revision = revision }, Token);
        return System.Text.Encoding.UTF8.GetString(result.KeyValues[0].Value.Span);
    }
}
