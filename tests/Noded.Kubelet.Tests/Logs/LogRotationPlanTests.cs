using Noded.Kubelet.Logs;

namespace Noded.Kubelet.Tests.Logs;

public sealed class LogRotationPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 30, 59, TimeSpan.Zero);

    [Fact]
    public void Compute_FirstRotation_GivesTheFileItsTime()
    {
        LogRotationPlan plan = LogRotationPlan.Compute(["0.log", "1.log"], "0.log", 5, Now);

        Assert.Equal("0.log.20260131-123059", plan.RotateTo);
        Assert.Empty(plan.Remove);
        Assert.Empty(plan.Compress);
    }

    [Fact]
    public void Compute_MoreThanMayStay_RemovesTheOldestAndCompressesTheRest()
    {
        LogRotationPlan plan = LogRotationPlan.Compute(
            [
                "0.log.20260131-000004", "0.log.20260131-000001.gz", "0.log", "0.log.20260131-000003.gz",
                "0.log.20260131-000002.gz", "10.log.20260131-000001", "0.log.txt",
            ],
            "0.log", 5, Now);

        Assert.Equal(["0.log.20260131-000001.gz"], plan.Remove);
        Assert.Equal(["0.log.20260131-000004"], plan.Compress);
    }

    [Fact]
    public void Compute_RemainsOfARotationThatWasBrokenOff_AreRemoved()
    {
        LogRotationPlan plan = LogRotationPlan.Compute(
            ["0.log", "0.log.20260131-000001", "0.log.20260131-000001.gz", "0.log.20260131-000002", "0.log.20260131-000002.tmp"],
            "0.log", 5, Now);

        Assert.Equal(["0.log.20260131-000001", "0.log.20260131-000002.tmp"], plan.Remove.Order());
        Assert.Equal(["0.log.20260131-000002"], plan.Compress);
    }

    [Theory]
    [InlineData("0.log.20260131-123059", "0.log.20260131-123100")]
    [InlineData("0.log.20260131-123059.gz", "0.log.20260131-123100")]
    [InlineData("0.log.20270101-000000", "0.log.20270101-000001")]
    public void Compute_NameThatIsTakenOrTheClockWasSetBack_IsLaterThanAll(string last, string expected) =>
        Assert.Equal(expected, LogRotationPlan.Compute(["0.log", last], "0.log", 5, Now).RotateTo);

    [Fact]
    public void Compute_TwoFiles_KeepsNoneOfTheRotated() => Assert.Equal(
        ["0.log.20260131-000001"], LogRotationPlan.Compute(["0.log", "0.log.20260131-000001"], "0.log", 2, Now).Remove);

    [Theory]
    [InlineData(0, 0, 1, 10)]
    [InlineData(0, 10, 1, 10)]
    [InlineData(50, 10, 1, 5)]
    [InlineData(90, 100, 1, 0.25)]
    [InlineData(200, 100, 1, 0.25)]
    public void NextLook_IsWhenTheSizeIsReached(long size, long grown, double elapsed, double expected) => Assert.Equal(
        expected, LogRotationPlan.NextLook(size, grown, TimeSpan.FromSeconds(elapsed), 100).TotalSeconds);
}
