using Noded.ApiServer.Registries;
using Noded.ApiServer.Tests.WatchCaches;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Hosting;

public sealed class ObjectLeasesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_WithinAMinute_IsOneLeaseAndAnotherAfterIt()
    {
        await using CacheRig rig = new();
        TestClock clock = new();
        using ObjectLeases leases = new(rig.Store, TimeSpan.FromHours(1), clock);

        long first = await leases.TakeAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(59));
        long second = await leases.TakeAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(1));
        long third = await leases.TakeAsync(Token);

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.True(await rig.Store.KeepLeaseAliveAsync(first, Token));
    }

    [Fact]
    public async Task Take_ManyTimes_SpreadsOverLeases()
    {
        await using CacheRig rig = new();
        using ObjectLeases leases = new(rig.Store, TimeSpan.FromHours(1), new TestClock());
        HashSet<long> taken = [];

        for (int i = 0; i < 1001; i++)
        {
            taken.Add(await leases.TakeAsync(Token));
        }

        Assert.Equal(2, taken.Count);
    }
}
