using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class RestartBackoffTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly RestartBackoff _backoff = new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));

    [Fact]
    public void NotBefore_FirstFailure_IsNow()
    {
        _backoff.Ended("app", "0", Start);

        Assert.Null(_backoff.NotBefore("app"));
    }

    [Fact]
    public void NotBefore_EachFailure_DoublesUpToFiveMinutes()
    {
        DateTimeOffset end = Start;
        List<double> waits = [.. FailTimes(8, ref end)];

        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
    }

    [Theory]
    [InlineData(599, 300)]
    [InlineData(601, null)]
    public void NotBefore_RanForAWhileAtTheLongestWait_IsForgottenAfterTenMinutes(int ranSeconds, int? expected)
    {
        DateTimeOffset started = Start;
        FailTimes(8, ref started);

        DateTimeOffset ended = started + TimeSpan.FromSeconds(ranSeconds);
        _backoff.Ended("app", "last", ended);

        Assert.Equal(expected is { } seconds ? ended + TimeSpan.FromSeconds(seconds) : null, _backoff.NotBefore("app"));
    }

    [Fact]
    public void NotBefore_EndSeenAgainAndAgain_CountsFromTheFirstSight()
    {
        _backoff.Restarted("app", Start);
        _backoff.Ended("app", "1", Start);

        _backoff.Ended("app", "1", Start + TimeSpan.FromSeconds(9));

        Assert.Equal(Start + TimeSpan.FromSeconds(10), _backoff.NotBefore("app"));
    }

    [Fact]
    public void NotBefore_AnotherContainer_HasItsOwn()
    {
        _backoff.Restarted("app", Start);
        _backoff.Ended("other", "0", Start);

        Assert.Null(_backoff.NotBefore("other"));
    }

    [Fact]
    public void NotBefore_Failed_WaitsFromTheFirstFailureOnAndForgetsToo()
    {
        _backoff.Failed("image", Start);
        Assert.Equal(Start + TimeSpan.FromSeconds(10), _backoff.NotBefore("image"));
        _backoff.Failed("image", Start + TimeSpan.FromSeconds(10));
        Assert.Equal(Start + TimeSpan.FromSeconds(30), _backoff.NotBefore("image"));

        _backoff.Failed("image", Start + TimeSpan.FromHours(1));

        Assert.Equal(Start + TimeSpan.FromHours(1) + TimeSpan.FromSeconds(10), _backoff.NotBefore("image"));
    }

    /// <summary>Lets it end as soon as it is started, so many times, and returns the waits in seconds.</summary>
    private List<double> FailTimes(int count, ref DateTimeOffset time)
    {
        List<double> waits = [];
        for (int i = 0; i < count; i++)
        {
            _backoff.Ended("app", $"{i}", time);
            DateTimeOffset restart = _backoff.NotBefore("app") ?? time;
            waits.Add((restart - time).TotalSeconds);
            _backoff.Restarted("app", restart);
            time = restart;
        }

        return waits;
    }
}
