using System.Collections.Immutable;
using Noded.Kubelet.Eviction;

namespace Noded.Kubelet.Tests.Eviction;

public sealed class NodePressureTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private static readonly EvictionThreshold Hard = new("memory.available", new(100, 0), null, new(50, 0));
    private static readonly EvictionThreshold Soft = new("memory.available", new(null, 0.3), TimeSpan.FromSeconds(60), new(0, 0));
    private static readonly EvictionThreshold Disk = new("nodefs.available", new(null, 0.1), null, new(0, 0));

    private readonly NodePressure _pressure = new(new EvictionOptions([Disk, Soft, Hard], TimeSpan.Zero, TimeSpan.FromMinutes(5)));

    [Fact]
    public void Observe_Enough_IsNothing()
    {
        Assert.Empty(Observe(0, memory: 300, disk: 100));
        Assert.Empty(_pressure.Conditions);
    }

    [Fact]
    public void Observe_BelowAHardThreshold_IsUrgentAtOnce()
    {
        Assert.Equal([Hard], Observe(0, memory: 99, disk: 100));
        Assert.Equal(["MemoryPressure"], _pressure.Conditions);
    }

    [Fact]
    public void Observe_BelowASoftThreshold_IsUrgentAfterItsTime()
    {
        Assert.Empty(Observe(0, memory: 200, disk: 100));
        Assert.Equal(["MemoryPressure"], _pressure.Conditions);
        Assert.Empty(Observe(59, memory: 200, disk: 100));
        Assert.Equal([Soft], Observe(60, memory: 200, disk: 100));
    }

    [Fact]
    public void Observe_AboveASoftThresholdInBetween_BeginsAnew()
    {
        Observe(0, memory: 200, disk: 100);
        Observe(30, memory: 300, disk: 100);

        Assert.Empty(Observe(60, memory: 200, disk: 100));
    }

    [Fact]
    public void Observe_AboveTheThresholdAndBelowItsReclaim_IsStillUrgent()
    {
        Observe(0, memory: 99, disk: 100);

        Assert.Contains(Hard, Observe(10, memory: 149, disk: 100));
        Assert.DoesNotContain(Hard, Observe(20, memory: 150, disk: 100));
    }

    [Fact]
    public void Observe_SeveralThresholds_MemoryAndHardGoFirst()
    {
        Observe(0, memory: 99, disk: 9);

        Assert.Equal([Hard, Soft, Disk], Observe(60, memory: 99, disk: 9));
        Assert.Equal(["DiskPressure", "MemoryPressure"], _pressure.Conditions.Order());
    }

    [Fact]
    public void Conditions_AfterTheirCause_LastOnForAWhile()
    {
        Observe(0, memory: 99, disk: 100);

        Observe(300, memory: 300, disk: 100);
        Assert.Equal(["MemoryPressure"], _pressure.Conditions);
        Observe(301, memory: 300, disk: 100);
        Assert.Empty(_pressure.Conditions);
    }

    [Fact]
    public void Observe_SignalThatCannotBeRead_IsNothing() =>
        Assert.Empty(_pressure.Observe(ImmutableDictionary<string, SignalObservation>.Empty, Start));

    private ImmutableArray<EvictionThreshold> Observe(int second, long memory, long disk) => _pressure.Observe(
        ImmutableDictionary<string, SignalObservation>.Empty
            .Add("memory.available", new(memory, 1000))
            .Add("nodefs.available", new(disk, 100)),
        Start.AddSeconds(second));
}
