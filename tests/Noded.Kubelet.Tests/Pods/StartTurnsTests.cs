using Noded.Kubelet.Pods;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Pods;

public sealed class StartTurnsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly TestClock _clock = new();
    private readonly List<string> _begun = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_FreePlace_BeginsAtOnce()
    {
        StartTurns turns = new(2, Patience, _clock);
        Call one = Begin(turns, "one", StartStage.RunSandbox);
        Call two = Begin(turns, "two", StartStage.RunSandbox);
        Call three = Begin(turns, "three", StartStage.RunSandbox);

        Assert.Equal(["one", "two"], _begun);

        two.End();
        await three.Begun;

        one.End();
        three.End();
        await Task.WhenAll(one.Ended, two.Ended, three.Ended);
    }

    [Fact]
    public async Task Run_SeveralWait_LaterStagesComeFirstThenWhoCameFirst()
    {
        StartTurns turns = new(1, Patience, _clock);
        Call[] calls =
        [
            Begin(turns, "first", StartStage.RunSandbox),
            Begin(turns, "sandbox 1", StartStage.RunSandbox),
            Begin(turns, "sandbox 2", StartStage.RunSandbox),
            Begin(turns, "create", StartStage.CreateContainer),
            Begin(turns, "start 1", StartStage.StartContainer),
            Begin(turns, "start 2", StartStage.StartContainer),
        ];

        foreach (int next in (int[])[0, 4, 5, 3, 1, 2])
        {
            await calls[next].Begun;
            calls[next].End();
        }

        await Task.WhenAll(calls.Select(call => call.Ended));
        Assert.Equal(["first", "start 1", "start 2", "create", "sandbox 1", "sandbox 2"], _begun);
    }

    [Fact]
    public async Task Run_CallHangs_GivesItsPlaceToTheNextAndOnlyOnce()
    {
        StartTurns turns = new(1, Patience, _clock);
        Call hung = Begin(turns, "hung", StartStage.RunSandbox);
        Call second = Begin(turns, "second", StartStage.RunSandbox);
        Call third = Begin(turns, "third", StartStage.RunSandbox);

        _clock.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.Equal(["hung"], _begun);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await second.Begun;

        // Its place is the second's now.
        hung.End();
        await hung.Ended;
        Assert.Equal(["hung", "second"], _begun);

        second.End();
        await third.Begun;
        third.End();
        await Task.WhenAll(second.Ended, third.Ended);
    }

    [Fact]
    public async Task Run_CallFails_GivesItsPlaceToTheNext()
    {
        StartTurns turns = new(1, Patience, _clock);
        Call failing = Begin(turns, "failing", StartStage.RunSandbox);
        Call next = Begin(turns, "next", StartStage.RunSandbox);

        failing.Fail(new IOException("no"));
        await Assert.ThrowsAsync<IOException>(() => failing.Ended);
        await next.Begun;
        next.End();
        await next.Ended;
    }

    [Fact]
    public async Task Run_CancelledWhileItWaits_TakesNoPlace()
    {
        StartTurns turns = new(1, Patience, _clock);
        using CancellationTokenSource cancelled = new();
        Call first = Begin(turns, "first", StartStage.RunSandbox);
        Call given = Begin(turns, "given up", StartStage.StartContainer, cancelled.Token);
        Call next = Begin(turns, "next", StartStage.RunSandbox);

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.Ended);
        first.End();
        await next.Begun;
        next.End();
        await next.Ended;

        Call last = Begin(turns, "last", StartStage.RunSandbox);
        last.End();
        await last.Ended;
        Assert.Equal(["first", "next", "last"], _begun);
    }

    [Fact]
    public async Task Run_ManyAtOnce_NeverMoreThanThereArePlaces()
    {
        const int Places = 3;
        StartTurns turns = new(Places, Patience, _clock);
        int running = 0;
        int most = 0;

        int[] results = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(
            () => turns.RunAsync(
                (StartStage)(i % 3),
                async () =>
                {
                    int now = Interlocked.Increment(ref running);
                    InterlockedMax(ref most, now);
                    await Task.Yield();
                    Interlocked.Decrement(ref running);
                    return i;
                },
                Token))));

        Assert.Equal(Enumerable.Range(0, 500), results);
        Assert.InRange(most, 1, Places);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = most; seen < value;)
        {
            int before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private Call Begin(StartTurns turns, string name, StartStage stage, CancellationToken? cancelled = null)
    {
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<string> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string> running = turns.RunAsync(
            stage,
            () =>
            {
                _begun.Add(name);
                begun.SetResult();
                return end.Task;
            },
            cancelled ?? Token);
        return new Call(name, begun.Task, end, running);
    }

    /// <summary>A call that a test lets begin and end.</summary>
    private sealed record Call(string Name, Task Begun, TaskCompletionSource<string> Result, Task Ended)
    {
        internal void End() => Result.SetResult(Name);

        internal void Fail(Exception exception) => Result.SetException(exception);
    }
}
