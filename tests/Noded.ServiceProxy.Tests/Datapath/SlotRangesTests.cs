using Noded.ServiceProxy.Datapath;

namespace Noded.ServiceProxy.Tests.Datapath;

public sealed class SlotRangesTests
{
    private readonly SlotRanges _ranges = new(64);

    [Fact]
    public void Return_WithoutReclaim_IsNotHandedOutAgain()
    {
        SlotRange[] all = [.. Enumerable.Range(0, 4).Select(_ => Take(16))];
        _ranges.Return(all[2]);

        Assert.False(_ranges.TryTake(16, out _));
        _ranges.Reclaim();
        Assert.Equal(all[2], Take(16));
    }

    [Fact]
    public void TryTake_SmallFromALargeFreeOne_CutsIt()
    {
        SlotRange large = Take(64);
        _ranges.Return(large);
        _ranges.Reclaim();

        SlotRange[] small = [.. Enumerable.Range(0, 64).Select(_ => Take(1))];

        Assert.Equal(64, small.Select(range => range.First).Distinct().Count());
        Assert.False(_ranges.TryTake(1, out _));
    }

    [Fact]
    public void Rebuild_FreePiecesTooSmall_MakesThemLargeAgain()
    {
        SlotRange[] small = [.. Enumerable.Range(0, 64).Select(_ => Take(1))];
        foreach (SlotRange range in small[1..])
        {
            _ranges.Return(range);
        }

        _ranges.Reclaim();
        Assert.False(_ranges.TryTake(32, out _));

        _ranges.Rebuild([small[0]]);

        Assert.True(_ranges.TryTake(32, out SlotRange found));
        Assert.True(found.First > 0);
    }

    [Fact]
    public void Random_TakenAndReturned_NeverOverlap()
    {
        Random random = new(5);
        SlotRanges ranges = new(4096);
        List<SlotRange> taken = [];
        bool[] used = new bool[4096];
        for (int step = 0; step < 20000; step++)
        {
            if (random.Next(2) == 0 && ranges.TryTake(random.Next(1, 100), out SlotRange range))
            {
                taken.Add(range);
                for (int i = 0; i < range.Count; i++)
                {
                    Assert.False(used[range.First + i]);
                    used[range.First + i] = true;
                }
            }
            else if (taken.Count > 0)
            {
                int victim = random.Next(taken.Count);
                ranges.Return(taken[victim]);
                Array.Clear(used, (int)taken[victim].First, taken[victim].Count);
                taken.RemoveAt(victim);
            }

            switch (random.Next(100))
            {
                case 0:
                    ranges.Reclaim();
                    ranges.Rebuild(taken);
                    break;
                case < 10:
                    ranges.Reclaim();
                    break;
            }
        }

        Assert.NotEmpty(taken);
    }

    private SlotRange Take(int count)
    {
        Assert.True(_ranges.TryTake(count, out SlotRange range));
        return range;
    }
}
