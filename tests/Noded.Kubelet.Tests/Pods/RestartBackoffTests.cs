using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class RestartBackoffTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly RestartBackoff _backoff = new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));

    [Fact]
    public void NotBefore_FirstFailure_IsNow() => Assert.Null(_backoff.NotBefore("app", Start));

    [Fact]
    public void NotBefore_EachFailure_DoublesUpToFiveMinutes()
    {
        List<double> waits = [];
        DateTimeOffset finished = Start;
        for (int i = 0; i < 8; i++)
        {
            DateTimeOffset restart = _backoff.NotBefore("app", finished) ?? finished;
            waits.Add((restart - finished).TotalSeconds);
            _backoff.Restarted("app", finished, restart);
            finished = restart;
        }

        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
    }

    [Theory]
    [InlineData(599, 300)]
    [InlineData(601, null)]
    public void NotBefore_RanForAWhileAtTheLongestWait_IsForgottenAfterTenMinutes(int ranSeconds, int? expected)
    {
        DateTimeOffset started = Start;
        for (int i = 0; i < 8; i++)
        {
            DateTimeOffset restart = _backoff.NotBefore("app", started) ?? started;
            _backoff.Restarted("app", started, restart);
            started = restart;
        }

        DateTimeOffset finished = started + TimeSpan.FromSeconds(ranSeconds);

        Assert.Equal(
            expected is { } seconds ? finished + TimeSpan.FromSeconds(seconds) : null, _backoff.NotBefore("app", finished));
    }

    [Fact]
    public void NotBefore_AnotherContainer_HasItsOwn()
    {
        _backoff.Restarted("app", Start, Start);

        Assert.Null(_backoff.NotBefore("other", Start));
    }
}
