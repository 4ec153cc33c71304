using System.Collections.Immutable;

namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task History_Random_IsThatOfTheModel(int seed)
    {
        const int Steps = 300;
        Random random = new(seed);
        ModelStore model = new();
        long begin = await RevisionAsync();
        long compacted = begin;
        long last = begin;
        await using WatchReader live = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/h/", 0), Token);

        for (int step = 0; step < Steps; step++)
        {
            Transaction transaction = await RandomTransactionAsync(random);
            TransactionResult result = await Store.CommitAsync(transaction, Token);
            (bool succeeded, string[] found, bool changed) = model.Commit(transaction, result.Revision);

            Assert.Equal(succeeded, result.Succeeded);
            Assert.Equal(found.Order(), result.Found.Select(pair => pair.Key).Order());
            // Nothing changed means no new revision, a change means a new one.
            Assert.Equal(changed, result.Revision > last);
            last = result.Revision;
            await CompareRangeAsync(model, random, compacted);

            if (random.Next(60) == 0 && model.Revisions.LastOrDefault() > compacted)
            {
                compacted = model.Revisions.Last();
                await Store.CompactAsync(compacted, Token);
            }
        }

        await CommitAsync(Put("/h/end", ""));
        List<WatchEvent> events = await live.UntilAsync("/h/end");
        Assert.Equal(model.Events.Select(Full), events.SkipLast(1).Select(Full));
    }

    [Fact]
    public async Task History_WritersAndWatchersAtOnce_HasNoGapAndNoRepeat()
    {
        const int Writers = 8;
        const int WritesEach = 60;
        long begin = await RevisionAsync();
        Task<List<WatchEvent>>[] watchers = [.. Enumerable.Range(0, 4).Select(i => WatchToEndAsync(begin + 1, i))];

        List<(string Key, long Revision, string Value)>[] acknowledged =
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer, WritesEach)));
        await CommitAsync(Put("/h/end", ""));
        List<WatchEvent>[] seen = await Task.WhenAll(watchers);

        List<(string Key, long Revision, string Value)> expected =
            [.. acknowledged.SelectMany(writes => writes).OrderBy(write => write.Revision)];
        Assert.Equal(Writers * WritesEach, expected.DistinctBy(write => write.Revision).Count());
        Assert.All(acknowledged, writes =>
            Assert.Equal(writes.Select(write => write.Revision).Order(), writes.Select(write => write.Revision)));
        Assert.All(seen, events => Assert.Equal(
            expected,
            events.SkipLast(1).Select(change => (change.Current.Key, change.Current.ModRevision, Text(change.Current)))));
    }

    private static string Full(WatchEvent change) =>
        $"{Text(change)}@{change.Current.ModRevision}/{change.Current.CreateRevision}/{change.Current.Version}";

    private async Task<List<(string Key, long Revision, string Value)>> WriteAsync(int writer, int count)
    {
        List<(string, long, string)> acknowledged = [];
        for (int i = 0; i < count; i++)
        {
            // A key that all write, and one of one's own.
            string key = i % 2 == 0 ? "/h/shared" : $"/h/{writer}";
            string value = $"{writer}.{i}";
            acknowledged.Add((key, await CommitAsync(Put(key, value)), value));
        }

        return acknowledged;
    }

    private async Task<List<WatchEvent>> WatchToEndAsync(long revision, int number)
    {
        // Each goes away now and then, and comes back where it was.
        List<WatchEvent> events = [];
        while (true)
        {
            await using WatchReader watch =
                await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/h/", revision), Token);

            for (int batches = 0; number == 0 || batches < number * 10; batches++)
            {
                WatchBatch batch = await watch.NextBatchAsync();
                events.AddRange(batch.Events);
                revision = Math.Max(revision, batch.Revision + 1);

                if (events.Count > 0 && events[^1].Current.Key == "/h/end")
                {
                    return events;
                }
            }
        }
    }

    private async Task<Transaction> RandomTransactionAsync(Random random)
    {
        string[] keys = [.. Enumerable.Range(0, 12).Select(i => $"/h/{i}")];
        random.Shuffle(keys);
        ImmutableArray<Condition>.Builder conditions = ImmutableArray.CreateBuilder<Condition>();
        ImmutableArray<Change>.Builder changes = ImmutableArray.CreateBuilder<Change>();

        foreach (string key in keys.Take(random.Next(3)))
        {
            // Mostly right, sometimes not.
            long revision = random.Next(5) == 0 ? random.Next(1000) : (await GetAsync(key))?.ModRevision ?? 0;
            conditions.Add(new(key, revision));
        }

        foreach (string key in keys.Take(1 + random.Next(4)))
        {
            changes.Add(random.Next(3) == 0
                ? new Change.Delete(key)
                : new Change.Put(key, Bytes($"{random.Next(1000)}")));
        }

        return new(conditions.DrainToImmutable(), changes.DrainToImmutable());
    }

    private async Task CompareRangeAsync(ModelStore model, Random random, long compacted)
    {
        long[] revisions = [.. model.Revisions.Where(known => known >= compacted)];
        long revision = random.Next(2) == 0 || revisions.Length == 0 ? 0 : random.GetItems(revisions, 1)[0];
        string start = $"/h/{random.Next(12)}";
        string? end = random.Next(3) == 0 ? null : $"/h/{random.Next(12)}~";

        RangeResult read = await Store.RangeAsync(new(start, end) { Revision = revision }, Token);

        Assert.Equal(
            model.Range(start, end, revision == 0 ? long.MaxValue : revision)
                .Select(pair => $"{pair.Key}={Text(pair)}@{pair.ModRevision}/{pair.CreateRevision}/{pair.Version}"),
            read.KeyValues.Select(
                pair => $"{pair.Key}={Text(pair)}@{pair.ModRevision}/{pair.CreateRevision}/{pair.Version}"));
        Assert.Equal(read.KeyValues.Length, read.Count);
    }
}
