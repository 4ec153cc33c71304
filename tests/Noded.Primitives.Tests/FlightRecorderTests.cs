using Noded.Testing;

namespace Noded.Primitives.Tests;

public sealed class FlightRecorderTests
{
    private readonly FlightRecorder _flight = new(3, new TestClock());

    [Fact]
    public void Read_MoreThanTheCapacity_HasTheLatestInOrder()
    {
        Record(5);

        Assert.Equal([3L, 4, 5], _flight.Read().Select(entry => entry.Sequence));
        Assert.Equal(["3", "4", "5"], _flight.Read().Select(entry => entry.What));
    }

    [Theory]
    [InlineData(0, "3,4,5")]
    [InlineData(3, "4,5")]
    [InlineData(5, "")]
    [InlineData(9, "")]
    public void Read_AfterASequence_HasWhatCameSince(long after, string expected)
    {
        Record(5);

        Assert.Equal(expected, string.Join(',', _flight.Read(after).Select(entry => entry.Sequence)));
    }

    [Fact]
    public void Read_Empty_IsEmpty() => Assert.Empty(_flight.Read());

    private void Record(int count)
    {
        for (int i = 1; i <= count; i++)
        {
            _flight.Record(FlightEntryKind.Observed, "subject", $"{i}");
        }
    }
}
