using System.Collections.Immutable;
using Noded.Linux.Cgroups;
using Noded.Linux.Systemd;

namespace Noded.Linux.Tests.Systemd;

public sealed class SlicePropertiesTests
{
    private static readonly CgroupLimits Limits = new()
    {
        CpuShares = 512,
        CpuQuota = TimeSpan.FromMilliseconds(50),
        Memory = 64 << 20,
        Pids = 100,
        HugePages = ImmutableDictionary<string, long>.Empty.Add("2MB", 4 << 20),
        Io = [new IoLimit("8:0") { ReadBytes = 1000 }],
    };

    [Fact]
    public void Compute_Unified_HasThePropertiesOfVersionTwo() => Assert.Equal(
        [
            "CPUAccounting=True", "MemoryAccounting=True", "TasksAccounting=True", "IOAccounting=True",
            "CPUWeight=59", "CPUQuotaPerSecUSec=500000", "CPUQuotaPeriodUSec=100000", "MemoryMax=67108864", "TasksMax=100",
        ],
        Compute(Limits, isUnified: true));

    [Fact]
    public void Compute_Legacy_HasThePropertiesOfVersionOne() => Assert.Equal(
        [
            "CPUAccounting=True", "MemoryAccounting=True", "TasksAccounting=True", "BlockIOAccounting=True",
            "CPUShares=512", "CPUQuotaPerSecUSec=500000", "CPUQuotaPeriodUSec=100000", "MemoryLimit=67108864", "TasksMax=100",
        ],
        Compute(Limits, isUnified: false));

    [Fact]
    public void Compute_Negative_IsNoLimit() => Assert.Equal(
        [
            "CPUQuotaPerSecUSec=18446744073709551615", "CPUQuotaPeriodUSec=100000", "MemoryMax=18446744073709551615",
            "TasksMax=18446744073709551615",
        ],
        Compute(new CgroupLimits { CpuQuota = TimeSpan.FromTicks(-1), Memory = -1, Pids = -1 }, isUnified: true).Skip(4));

    [Theory]
    [InlineData(100, 100, 1_000_000)]
    [InlineData(20.5, 100, 210_000)]
    [InlineData(1, 1000, 10_000)]
    public void Compute_Quota_IsRoundedUpToHundredthsOfAProcessor(double quota, double period, long expected) => Assert.Contains(
        $"CPUQuotaPerSecUSec={expected}",
        Compute(
            new CgroupLimits { CpuQuota = TimeSpan.FromMilliseconds(quota), CpuPeriod = TimeSpan.FromMilliseconds(period) },
            isUnified: true));

    private static IEnumerable<string> Compute(CgroupLimits limits, bool isUnified) =>
        SliceProperties.Compute(limits, isUnified).Select(property => property switch
        {
            UnitProperty.Flag flag => $"{flag.Name}={flag.Value}",
            UnitProperty.Number number => $"{number.Name}={number.Value}",
            _ => property.Name,
        });
}
