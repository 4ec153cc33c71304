using Noded.Testing;

namespace Noded.Primitives.Tests;

public sealed class TokenBucketTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void TryTake_MoreThanTheBurst_WaitsForTheRate()
    {
        TokenBucket bucket = new(2, 3, _clock);

        Assert.Equal([true, true, true, false], Take(bucket, 4));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true, true, false], Take(bucket, 3));
    }

    [Fact]
    public void TryTake_AfterALongPause_IsTheBurstAgain()
    {
        TokenBucket bucket = new(2, 3, _clock);
        Take(bucket, 3);

        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal([true, true, true, false], Take(bucket, 4));
    }

    [Fact]
    public void TryTake_NoRate_NeverRefuses() => Assert.DoesNotContain(false, Take(new TokenBucket(0, 0, _clock), 100));

    private static bool[] Take(TokenBucket bucket, int count) => [.. Enumerable.Range(0, count).Select(_ => bucket.TryTake())];
}
