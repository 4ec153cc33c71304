using System.Collections.Immutable;
using Noded.Linux.Cgroups;

namespace Noded.Linux.Tests.Cgroups;

public sealed class CgroupSettingsTests
{
    private static readonly CgroupLimits Limits = new()
    {
        CpuShares = 1024,
        CpuQuota = TimeSpan.FromMilliseconds(50),
        Memory = 64 << 20,
        Pids = 100,
        HugePages = ImmutableDictionary<string, long>.Empty.Add("2MB", 4 << 20),
        Io = [new IoLimit("8:0") { ReadBytes = 1000, WriteOperations = 7 }],
    };

    [Fact]
    public void Compute_Legacy_HasTheFilesOfVersionOne() => Assert.Equal(
        [
            "cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "memory.limit_in_bytes=67108864",
            "pids.max=100", "hugetlb.2MB.limit_in_bytes=4194304",
            "blkio.throttle.read_bps_device=8:0 1000", "blkio.throttle.write_bps_device=8:0 0",
            "blkio.throttle.read_iops_device=8:0 0", "blkio.throttle.write_iops_device=8:0 7",
        ],
        Compute(isUnified: false, Limits, "cpu", "cpuacct", "memory", "pids", "hugetlb", "blkio"));

    [Fact]
    public void Compute_Unified_HasTheFilesOfVersionTwo() => Assert.Equal(
        [
            "cpu.weight=100", "cpu.max=50000 100000", "memory.max=67108864", "pids.max=100", "hugetlb.2MB.max=4194304",
            "io.max=8:0 rbps=1000 wbps=max riops=max wiops=7",
        ],
        Compute(isUnified: true, Limits, "cpuset", "cpu", "memory", "pids", "hugetlb", "io"));

    [Theory]
    [InlineData(false, "cpu.cfs_period_us=100000 cpu.cfs_quota_us=-1 memory.limit_in_bytes=-1 pids.max=max")]
    [InlineData(true, "cpu.max=max 100000 memory.max=max pids.max=max")]
    public void Compute_Negative_IsNoLimit(bool isUnified, string expected) => Assert.Equal(
        expected,
        string.Join(' ', Compute(
            isUnified,
            new CgroupLimits { CpuQuota = TimeSpan.FromTicks(-1), Memory = -1, Pids = -1 },
            "cpu", "memory", "pids")));

    [Fact]
    public void Compute_WithoutAController_LeavesItsLimitsOut() =>
        Assert.Equal(["pids.max=100"], Compute(isUnified: false, Limits, "pids"));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(1024, 100)]
    [InlineData(2048, 174)]
    [InlineData(262144, 10000)]
    [InlineData(long.MaxValue, 10000)]
    public void ToWeight_Shares_KeepsBothEndsAndTheDefault(long shares, long weight) =>
        Assert.Equal(weight, CgroupSettings.ToWeight(shares));

    private static IEnumerable<string> Compute(bool isUnified, CgroupLimits limits, params string[] controllers) =>
        CgroupSettings.Compute(new CgroupHierarchy("/cg", isUnified, [.. controllers]), limits)
            .Select(setting => $"{setting.File}={setting.Value}");
}
