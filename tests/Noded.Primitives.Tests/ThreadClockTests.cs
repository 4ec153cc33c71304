namespace Noded.Primitives.Tests;

public sealed class ThreadClockTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);

    private readonly ThreadClock _clock = new(TimeProvider.System);

    [Fact]
    public async Task CreateTimer_Period_TicksOnOneThreadOfItsOwn()
    {
        List<Thread> threads = [];
        TaskCompletionSource thrice = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ITimer timer = _clock.CreateTimer(
            _ =>
            {
                threads.Add(Thread.CurrentThread);
                if (threads.Count == 3)
                {
                    thrice.SetResult();
                }
            },
            null,
            Soon,
            Soon);

        await thrice.Task.WaitAsync(TestContext.Current.CancellationToken);

        Assert.False(threads[0].IsThreadPoolThread);
        Assert.Single(threads.Take(3).Distinct());
    }

    [Fact]
    public async Task CreateTimer_DueOnce_IsCalledWithItsStateNotBeforeItsTime()
    {
        TaskCompletionSource<object?> called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = _clock.GetTimestamp();
        TimeSpan elapsed = default;

        await using ITimer timer = _clock.CreateTimer(
            state =>
            {
                elapsed = _clock.GetElapsedTime(start);
                called.SetResult(state);
            },
            "state",
            Soon,
            Timeout.InfiniteTimeSpan);

        Assert.Equal("state", await called.Task.WaitAsync(TestContext.Current.CancellationToken));
        Assert.True(elapsed >= Soon, $"called after {elapsed}");
    }

    [Fact]
    public async Task Change_TimerThatIsNotArmed_IsCalled()
    {
        TaskCompletionSource called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ITimer timer = _clock.CreateTimer(
            _ => called.SetResult(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Assert.True(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));

        await called.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Dispose_ThreadOfTheTimer_Ends()
    {
        TaskCompletionSource<Thread> called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ITimer timer = _clock.CreateTimer(
            _ => called.TrySetResult(Thread.CurrentThread), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        Thread thread = await called.Task.WaitAsync(TestContext.Current.CancellationToken);

        await timer.DisposeAsync();

        Assert.True(thread.Join(TimeSpan.FromSeconds(10)), "the thread goes on");
        Assert.False(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
    }
}
