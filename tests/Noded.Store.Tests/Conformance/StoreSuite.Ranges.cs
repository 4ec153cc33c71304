using System.Collections.Immutable;

namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    [Fact]
    public async Task Range_KeyThatIsNotThere_IsEmptyAndHasARevision()
    {
        RangeResult result = await Store.RangeAsync(new("/a", null), Token);

        Assert.Empty(result.KeyValues);
        Assert.Equal(0, result.Count);
        Assert.True(result.Revision > 0);
        Assert.False(result.More);
    }

    [Fact]
    public async Task Range_OneKey_HasAllThatIsKnownOfIt()
    {
        long made = await CommitAsync(Put("/a", "1"));
        long changed = await CommitAsync(Put("/a", "2"));

        KeyValue found = Assert.IsType<KeyValue>(await GetAsync("/a"));

        Assert.Equal("2", Text(found));
        Assert.Equal(new KeyValue("/a", found.Value, made, changed, 2, 0), found);
    }

    [Fact]
    public async Task Range_FromTo_IsInOrderOfBytesWithoutTheEnd()
    {
        // As UTF-16 the last two would be the other way round.
        string[] keys = ["/a", "/a/b", "/a0", "/b", "/\u00e9", "/\uff5e", "/\U0001F600"];
        foreach (string key in keys.Reverse())
        {
            await CommitAsync(Put(key, key));
        }

        Assert.Equal(keys, await KeysAsync(RangeRequest.OfPrefix("/")));
        Assert.Equal(["/a", "/a/b"], await KeysAsync(new("/a", "/a0")));
        Assert.Equal(["/\uff5e"], await KeysAsync(new("/\u00ea", "/\U0001F600")));
        Assert.Empty(await KeysAsync(new("/b", "/a")));
    }

    [Fact]
    public async Task Range_WithALimit_CountsAllAndSaysWhetherThereAreMore()
    {
        for (int i = 0; i < 5; i++)
        {
            await CommitAsync(Put($"/l/{i}", "x"));
        }

        RangeResult page = await Store.RangeAsync(RangeRequest.OfPrefix("/l/") with { Limit = 2 }, Token);
        RangeResult rest = await Store.RangeAsync(
            new(KeyRange.After(page.KeyValues[^1].Key), "/l0") { Limit = 3, Revision = page.Revision }, Token);

        Assert.Equal(["/l/0", "/l/1"], page.KeyValues.Select(pair => pair.Key));
        Assert.Equal(5, page.Count);
        Assert.True(page.More);
        Assert.Equal(["/l/2", "/l/3", "/l/4"], rest.KeyValues.Select(pair => pair.Key));
        Assert.False(rest.More);
    }

    [Fact]
    public async Task Range_CountOnly_ReturnsNoKeys()
    {
        await CommitAsync(Put("/c/1", "x"));
        await CommitAsync(Put("/c/2", "x"));
        await CommitAsync(Delete("/c/1"));

        RangeResult result = await Store.RangeAsync(RangeRequest.OfPrefix("/c/") with { CountOnly = true }, Token);
        RangeResult one = await Store.RangeAsync(new("/c/2", null) { CountOnly = true }, Token);

        Assert.Empty(result.KeyValues);
        Assert.Equal(1, result.Count);
        Assert.Empty(one.KeyValues);
        Assert.Equal(1, one.Count);
    }

    [Fact]
    public async Task Range_AtARevision_IsAsItWasThen()
    {
        long first = await CommitAsync(Put("/r/1", "old"));
        long second = await CommitAsync(Put("/r/2", "other"));
        long third = await CommitAsync(Put("/r/1", "new"));
        long fourth = await CommitAsync(Delete("/r/2"));

        Assert.Equal("old", Text((await GetAsync("/r/1", second))!));
        Assert.Equal(["/r/1"], await KeysAsync(RangeRequest.OfPrefix("/r/") with { Revision = first }));
        Assert.Equal(["/r/1", "/r/2"], await KeysAsync(RangeRequest.OfPrefix("/r/") with { Revision = third }));
        Assert.Equal(["/r/1"], await KeysAsync(RangeRequest.OfPrefix("/r/") with { Revision = fourth }));
        Assert.Null(await GetAsync("/r/2", first));

        RangeResult old = await Store.RangeAsync(RangeRequest.OfPrefix("/r/") with { Revision = first }, Token);
        Assert.Equal(fourth, old.Revision);
    }

    [Fact]
    public async Task Range_RevisionOfTheFuture_IsRefused()
    {
        long revision = await RevisionAsync();

        await Assert.ThrowsAsync<FutureRevisionException>(() => GetAsync("/a", revision + 1000));
    }

    [Fact]
    public async Task Range_ManyKeysOfSomeSize_AreAllThere()
    {
        const int Count = 3000;
        ImmutableArray<int> numbers = [.. Enumerable.Range(0, Count)];
        byte[] value = new byte[1000];
        foreach (int[] part in numbers.Chunk(Transaction.MaxLength))
        {
            await CommitAsync(new([], [.. part.Select(i => new Change.Put($"/m/{i:D5}", value))]));
        }

        RangeResult all = await Store.RangeAsync(RangeRequest.OfPrefix("/m/"), Token);

        Assert.Equal(numbers.Select(i => $"/m/{i:D5}"), all.KeyValues.Select(pair => pair.Key));
        Assert.All(all.KeyValues, pair => Assert.Equal(value.Length, pair.Value.Length));
    }

    [Fact]
    public async Task Range_Cancelled_Ends()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.RangeAsync(new("/a", null), cancelled.Token));
    }
}
