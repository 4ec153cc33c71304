namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    [Fact]
    public async Task Commit_Create_WorksOnceAndThenTellsWhatIsThere()
    {
        TransactionResult first = await Store.CommitAsync(Transaction.Create("/t", Bytes("1")), Token);
        TransactionResult second = await Store.CommitAsync(Transaction.Create("/t", Bytes("2")), Token);

        Assert.True(first.Succeeded);
        Assert.Empty(first.Found);
        Assert.False(second.Succeeded);
        Assert.Equal(first.Revision, second.Revision);
        KeyValue found = Assert.Single(second.Found);
        Assert.Equal("1", Text(found));
        Assert.Equal(first.Revision, found.ModRevision);
        Assert.Equal("1", Text((await GetAsync("/t"))!));
    }

    [Fact]
    public async Task Commit_Update_NeedsTheRevision()
    {
        long made = await CommitAsync(Put("/t", "1"));
        TransactionResult updated = await Store.CommitAsync(Transaction.Update("/t", made, Bytes("2")), Token);
        TransactionResult late = await Store.CommitAsync(Transaction.Update("/t", made, Bytes("3")), Token);

        Assert.True(updated.Succeeded);
        Assert.True(updated.Revision > made);
        Assert.False(late.Succeeded);
        Assert.Equal(updated.Revision, Assert.Single(late.Found).ModRevision);
        Assert.Equal("2", Text((await GetAsync("/t"))!));
    }

    [Fact]
    public async Task Commit_Delete_NeedsTheRevisionAndRemovesTheKey()
    {
        long made = await CommitAsync(Put("/t", "1"));

        TransactionResult wrong = await Store.CommitAsync(Transaction.Delete("/t", made - 1), Token);
        TransactionResult right = await Store.CommitAsync(Transaction.Delete("/t", made), Token);
        TransactionResult gone = await Store.CommitAsync(Transaction.Delete("/t", made), Token);

        Assert.False(wrong.Succeeded);
        Assert.True(right.Succeeded);
        Assert.False(gone.Succeeded);
        Assert.Empty(gone.Found);
        Assert.Null(await GetAsync("/t"));
    }

    [Fact]
    public async Task Commit_KeyMadeAgain_BeginsAnew()
    {
        await CommitAsync(Put("/t", "1"));
        await CommitAsync(Put("/t", "2"));
        await CommitAsync(Delete("/t"));
        long made = await CommitAsync(Transaction.Create("/t", Bytes("3")));

        KeyValue found = (await GetAsync("/t"))!;

        Assert.Equal(1, found.Version);
        Assert.Equal(made, found.CreateRevision);
    }

    [Fact]
    public async Task Commit_SeveralChanges_HaveOneRevisionAndAllOrNothing()
    {
        long made = await CommitAsync(Put("/t/1", "1"));
        Transaction transaction = new(
            [new("/t/1", made), new("/t/2", 0)],
            [new Change.Put("/t/2", Bytes("2")), new Change.Delete("/t/1"), new Change.Put("/t/3", Bytes("3"))]);

        TransactionResult done = await Store.CommitAsync(transaction, Token);
        TransactionResult again = await Store.CommitAsync(transaction, Token);

        Assert.True(done.Succeeded);
        Assert.False(again.Succeeded);
        Assert.Equal(["/t/2"], again.Found.Select(pair => pair.Key));
        RangeResult all = await Store.RangeAsync(RangeRequest.OfPrefix("/t/"), Token);
        Assert.Equal(["/t/2", "/t/3"], all.KeyValues.Select(pair => pair.Key));
        Assert.All(all.KeyValues, pair => Assert.Equal(done.Revision, pair.ModRevision));
    }

    [Fact]
    public async Task Commit_DeletionOfNothing_ChangesNothing()
    {
        long before = await RevisionAsync();

        long revision = await CommitAsync(Delete("/t/none"));

        Assert.Equal(before, revision);
        Assert.Equal(before, await RevisionAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public async Task Commit_ValueOfAnySize_IsReadAsItWas(int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);

        await CommitAsync(new([], [new Change.Put("/t", value)]));

        Assert.Equal(value, (await GetAsync("/t"))!.Value.ToArray());
    }

    [Fact]
    public async Task Commit_TooManyBytes_IsRefusedAndChangesNothing()
    {
        Transaction transaction = new([], [new Change.Put("/t", new byte[2_000_000])]);

        await Assert.ThrowsAsync<RequestTooLargeException>(() => Store.CommitAsync(transaction, Token));

        Assert.Null(await GetAsync("/t"));
    }

    [Fact]
    public async Task Commit_AsManyChangesAsThereMayBe_IsOneRevision()
    {
        Transaction transaction = new(
            [.. Enumerable.Range(0, Transaction.MaxLength).Select(i => new Condition($"/t/{i}", 0))],
            [.. Enumerable.Range(0, Transaction.MaxLength).Select(i => new Change.Put($"/t/{i}", Bytes("x")))]);

        long revision = await CommitAsync(transaction);

        RangeResult all = await Store.RangeAsync(RangeRequest.OfPrefix("/t/"), Token);
        Assert.Equal(Transaction.MaxLength, all.Count);
        Assert.All(all.KeyValues, pair => Assert.Equal(revision, pair.ModRevision));
    }

    [Fact]
    public void Transaction_ThatNoStoreTakes_CannotBeMade()
    {
        Change[] many = [.. Enumerable.Range(0, Transaction.MaxLength + 1).Select(i => new Change.Delete($"/{i}"))];

        Assert.Throws<ArgumentException>(() => new Transaction([], []));
        Assert.Throws<ArgumentException>(() => new Transaction([], [.. many]));
        Assert.Throws<ArgumentException>(() => new Transaction([], [new Change.Delete("/a"), Put("/a", "1").Changes[0]]));
    }

    [Fact]
    public async Task Commit_CancelledBefore_ChangesNothing()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.CommitAsync(Put("/t", "1"), cancelled.Token));

        Assert.Null(await GetAsync("/t"));
    }

    [Fact]
    public async Task Commit_ManyAtOnceOnOneKey_OneWinsEachRound()
    {
        long revision = await CommitAsync(Put("/t", "0"));

        for (int round = 0; round < 10; round++)
        {
            TransactionResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
                i => Store.CommitAsync(Transaction.Update("/t", revision, Bytes($"{round}.{i}")), Token)));

            revision = Assert.Single(results, result => result.Succeeded).Revision;
        }

        Assert.Equal(11, (await GetAsync("/t"))!.Version);
    }
}
