namespace Noded.Testing.Tests;

public sealed class TestClockTests
{
    private readonly TestClock _clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AdvancePastNextTimerAsync_DelayPending_CompletesIt()
    {
        Task delay = Task.Delay(TimeSpan.FromHours(1), _clock, Token);

        await _clock.AdvancePastNextTimerAsync(Token);

        await delay;
        Assert.Equal(TimeSpan.FromHours(1), _clock.GetUtcNow() - _clock.Start);
    }

    [Fact]
    public async Task AdvancePastNextTimerAsync_NoTimerYet_WaitsForIt()
    {
        Task advance = _clock.AdvancePastNextTimerAsync(Token);
        bool early = advance.IsCompleted;

        await Task.WhenAll(Task.Delay(TimeSpan.FromSeconds(5), _clock, Token), advance);

        Assert.False(early);
    }

    [Fact]
    public async Task WaitForTimerAsync_TimerRearmedByChange_ReportsItAgain()
    {
        TimeSpan once = Timeout.InfiniteTimeSpan;
        await using ITimer timer = _clock.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(1), once);

        timer.Change(TimeSpan.FromSeconds(7), once);

        Assert.Equal(TimeSpan.FromSeconds(1), await _clock.WaitForTimerAsync(Token));
        Assert.Equal(TimeSpan.FromSeconds(7), await _clock.WaitForTimerAsync(Token));
    }

    [Fact]
    public void CreateTimer_Disarmed_IsNotReported()
    {
        using ITimer timer = _clock.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Assert.False(_clock.WaitForTimerAsync(Token).IsCompleted);
    }

    [Fact]
    public async Task AdvancePastNextTimerAsync_PeriodicLoop_TurnsOncePerCall()
    {
        int turns = 0;
        using SemaphoreSlim turned = new(0);
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1), _clock);
        Task loop = LoopAsync();

        await _clock.AdvancePastNextTimerAsync(Token);
        await turned.WaitAsync(Token);
        timer.Dispose();
        await loop;

        Assert.Equal(1, turns);

        async Task LoopAsync()
        {
            while (await timer.WaitForNextTickAsync(Token))
            {
                turns++;
                turned.Release();
            }
        }
    }
}
