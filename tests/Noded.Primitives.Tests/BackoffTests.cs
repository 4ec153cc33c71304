namespace Noded.Primitives.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Next_Repeated_DoublesUpToTheMaximumAndStartsAnewAfterReset()
    {
        Backoff backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), () => 0);

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(0, 5).Select(_ => backoff.Next().TotalSeconds));
        backoff.Reset();
        Assert.Equal(1, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void Next_Jitter_LengthensTheDelayOnly()
    {
        Backoff backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), () => 0.5);

        Assert.Equal([1.5, 3], Enumerable.Range(0, 2).Select(_ => backoff.Next().TotalSeconds));
    }
}
