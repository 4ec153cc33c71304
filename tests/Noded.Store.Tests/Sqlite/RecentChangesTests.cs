using Noded.Store.Sqlite;

namespace Noded.Store.Tests.Sqlite;

public sealed class RecentChangesTests
{
    [Fact]
    public void Since_WithinTheBounds_HasAllFromTheRevisionOn()
    {
        RecentChanges recent = new(3, long.MaxValue);
        recent.StartAfter(10);
        long[] revisions = [11, 13, 17];
        Array.ForEach(revisions, revision => recent.Add(Batch(revision, 1)));

        Assert.Equal(10, recent.Floor);
        Assert.Equal([11, 13, 17], recent.Since(11).Select(batch => batch.Revision));
        Assert.Equal([13, 17], recent.Since(12).Select(batch => batch.Revision));
        Assert.Empty(recent.Since(18));
    }

    [Fact]
    public void Add_MoreThanTheNumber_ForgetsTheOldest()
    {
        RecentChanges recent = new(3, long.MaxValue);

        for (int i = 1; i <= 10; i++)
        {
            recent.Add(Batch(i, 1));
        }

        Assert.Equal(7, recent.Floor);
        Assert.Equal([8, 9, 10], recent.Since(1).Select(batch => batch.Revision));
    }

    [Fact]
    public void Add_MoreThanTheBytes_ForgetsTheOldestButNotTheNewest()
    {
        RecentChanges recent = new(100, 10_000);
        recent.Add(Batch(1, 4000));
        recent.Add(Batch(2, 4000));
        recent.Add(Batch(3, 4000));
        Assert.Equal([2, 3], recent.Since(1).Select(batch => batch.Revision));

        recent.Add(Batch(4, 40_000));

        Assert.Equal([4], recent.Since(1).Select(batch => batch.Revision));
        Assert.Equal(3, recent.Floor);
    }

    private static WatchBatch Batch(long revision, int bytes) =>
        new(revision, [new(new("/a", new byte[bytes], revision, revision, 1, 0), IsDelete: false, Previous: null)]);
}
