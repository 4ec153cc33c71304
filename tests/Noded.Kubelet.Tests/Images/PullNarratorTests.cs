using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Tests.Fakes;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Images;

/// <summary>What is told of a pull, and when, under a clock that the test moves.</summary>
public sealed class PullNarratorTests
{
    private readonly TestClock _clock = new();
    private readonly EventRecorder _events;
    private readonly ScriptedPullProgress _progress = new();
    private readonly TaskCompletionSource<string> _pull = new();
    private readonly PullNarrator _narrator;

    public PullNarratorTests()
    {
        _events = new EventRecorder(16, new FlightRecorder(16, _clock), _clock);
        _narrator = new PullNarrator(_progress, _events, _clock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Follow_PullThatIsOverSoon_TellsAndAsksNothing()
    {
        _progress.Now = new PullProgress(1, 2);
        Task<string> followed = Follow();

        _clock.Advance(PullNarrator.Patience - TimeSpan.FromTicks(1));
        _pull.SetResult("id");

        Assert.Equal("id", await followed);
        Assert.Equal((0, 0), (_progress.Reads, _events.Read().Length));
    }

    [Fact]
    public async Task Follow_PullThatLasts_TellsAfterTenSecondsAndThenEveryThirty()
    {
        Task<string> followed = Follow();
        Assert.Equal(TimeSpan.FromSeconds(10), await _clock.WaitForTimerAsync(Token));

        await TellAsync(TimeSpan.FromSeconds(10), new PullProgress(100, 4000));
        await TellAsync(TimeSpan.FromSeconds(30), new PullProgress(2500, 4000));
        _pull.SetResult("id");
        await followed;
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(
            ["Pulling image \"a/b:1\": 100 of 4000 bytes", "Pulling image \"a/b:1\": 2500 of 4000 bytes"],
            _events.Read().Select(told => told.Message));
        Assert.All(_events.Read(), told => Assert.Equal(("Normal", "Pulling", "pod web"), (told.Type, told.Reason, told.InvolvedObject)));
        Assert.Equal(2, _progress.Reads);
    }

    [Fact]
    public async Task Follow_NothingComesAnyMore_CountsTheSameEvent()
    {
        Task<string> followed = Follow();
        await _clock.WaitForTimerAsync(Token);

        await TellAsync(TimeSpan.FromSeconds(10), new PullProgress(100, 4000));
        await TellAsync(TimeSpan.FromSeconds(30), new PullProgress(100, 4000));
        _pull.SetException(new IOException("gone"));

        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(() => followed)).Message);
        Assert.Equal(2, Assert.Single(_events.Read()).Count);
    }

    [Fact]
    public async Task Follow_NobodyCanTell_TellsNothingAndWaitsOn()
    {
        Task<string> followed = Follow();
        await _clock.WaitForTimerAsync(Token);

        await TellAsync(TimeSpan.FromSeconds(10), null);
        _pull.SetResult("id");

        Assert.Equal("id", await followed);
        Assert.Empty(_events.Read());
    }

    private Task<string> Follow() => _narrator.FollowAsync("pod web", "a/b:1", _pull.Task);

    /// <summary>The time passes, and what is to be told then has been.</summary>
    private async Task TellAsync(TimeSpan time, PullProgress? now)
    {
        _progress.Now = now;
        _clock.Advance(time);
        Assert.Equal(PullNarrator.Period, await _clock.WaitForTimerAsync(Token));
    }
}
