namespace Noded.Store.Tests.Conformance;

public abstract partial class StoreSuite<TFixture>
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Fact]
    public async Task Lease_Revoked_DeletesItsKeysTogether()
    {
        long lease = await Store.GrantLeaseAsync(Long, Token);
        await CommitAsync(Put("/l/1", "a", lease));
        await CommitAsync(Put("/l/2", "b", lease));
        await CommitAsync(Put("/l/3", "c"));
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/l/", 0), Token);

        Assert.Equal(lease, (await GetAsync("/l/1"))!.Lease);
        await Store.RevokeLeaseAsync(lease, Token);

        WatchEvent[] events = [await watch.NextAsync(), await watch.NextAsync()];
        Assert.Equal(["-/l/1=", "-/l/2="], events.Select(Text).Order(StringComparer.Ordinal));
        Assert.Single(events.Select(change => change.Current.ModRevision).Distinct());
        Assert.Equal(["/l/3"], await KeysAsync(RangeRequest.OfPrefix("/l/")));
    }

    [Fact]
    public async Task Lease_Ends_DeletesItsKeys()
    {
        long lease = await Store.GrantLeaseAsync(TimeSpan.FromSeconds(1), Token);
        await CommitAsync(Put("/l/1", "a", lease));
        await using WatchReader watch = await WatchReader.StartAsync(Store, WatchRequest.OfPrefix("/l/", 0), Token);

        Assert.Equal("-/l/1=", Text(await watch.NextAsync()));

        Assert.Null(await GetAsync("/l/1"));
        Assert.False(await Store.KeepLeaseAliveAsync(lease, Token));
    }

    [Fact]
    public async Task Lease_KeyPutAnewWithoutIt_Stays()
    {
        long lease = await Store.GrantLeaseAsync(Long, Token);
        await CommitAsync(Put("/l/1", "a", lease));
        await CommitAsync(Put("/l/1", "b"));

        await Store.RevokeLeaseAsync(lease, Token);

        KeyValue found = (await GetAsync("/l/1"))!;
        Assert.Equal("b", Text(found));
        Assert.Equal(0, found.Lease);
    }

    [Fact]
    public async Task Lease_ThatIsGone_IsNoErrorToEndAndCannotBeUsed()
    {
        long lease = await Store.GrantLeaseAsync(Long, Token);
        Assert.True(await Store.KeepLeaseAliveAsync(lease, Token));
        await Store.RevokeLeaseAsync(lease, Token);

        await Store.RevokeLeaseAsync(lease, Token);
        Assert.False(await Store.KeepLeaseAliveAsync(lease, Token));
        await Assert.ThrowsAsync<LeaseNotFoundException>(() => Store.CommitAsync(Put("/l/1", "a", lease), Token));

        Assert.Null(await GetAsync("/l/1"));
    }

    [Fact]
    public async Task Lease_Ids_AreNotUsedAgain()
    {
        long first = await Store.GrantLeaseAsync(Long, Token);
        await Store.RevokeLeaseAsync(first, Token);

        long second = await Store.GrantLeaseAsync(Long, Token);

        Assert.NotEqual(first, second);
        await Store.RevokeLeaseAsync(second, Token);
    }
}
