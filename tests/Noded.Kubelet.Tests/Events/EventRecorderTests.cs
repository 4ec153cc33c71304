using Noded.Kubelet.Events;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Events;

public sealed class EventRecorderTests
{
    private readonly TestClock _clock = new();
    private readonly EventRecorder _events;

    public EventRecorderTests() => _events = new EventRecorder(2, new FlightRecorder(4, _clock), _clock);

    [Fact]
    public void Warn_Repeated_CountsUpAndMovesToTheEnd()
    {
        _events.Warn("pod a", "Failed", "x");
        _events.Warn("pod b", "Failed", "x");
        _clock.Advance(TimeSpan.FromSeconds(1));

        _events.Warn("pod a", "Failed", "x");

        NodeEvent last = _events.Read()[^1];
        Assert.Equal(("pod a", 2), (last.InvolvedObject, last.Count));
        Assert.Equal(TimeSpan.FromSeconds(1), last.LastSeen - last.FirstSeen);
        Assert.Equal([last], _events.Read(afterSequence: 2));
    }

    [Fact]
    public void Normal_BeyondTheCapacity_DropsTheOldest()
    {
        _events.Normal("pod a", "R", "1");
        _events.Normal("pod a", "R", "2");
        _events.Normal("pod a", "R", "3");

        Assert.Equal(["2", "3"], _events.Read().Select(nodeEvent => nodeEvent.Message));
    }

    [Fact]
    public void Normal_LongMessage_IsCut()
    {
        _events.Normal("pod a", "R", new string('x', 100_000));

        Assert.Equal(1024, _events.Read().Single().Message.Length);
    }

    [Fact]
    public async Task WaitForChangeAsync_NextEvent_Completes()
    {
        Task changed = _events.WaitForChangeAsync(0, TestContext.Current.CancellationToken);
        Assert.False(changed.IsCompleted);

        _events.Normal("pod a", "R", "1");

        await changed;
    }
}
