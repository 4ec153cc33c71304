using System.Collections.Immutable;
using Noded.Linux.Cgroups;

namespace Noded.Linux.Systemd;

/// <summary>
/// Limits as systemd's properties (systemd.resource-control(5), org.freedesktop.systemd1(5)): what systemd knows it
/// sets again whenever it looks at its units anew. Huge pages and disks it is not told of.
/// </summary>
internal static class SliceProperties
{
    private const ulong Unlimited = ulong.MaxValue;

    // systemd writes a quota down in hundredths of a processor.
    private const long QuotaStep = 10_000;

    /// <summary>What cannot be changed later: the machine's shutdown does not stop pods before their runtime.</summary>
    internal static ImmutableArray<UnitProperty> Initial { get; } =
        [new UnitProperty.Text("Description", "Pods"), new UnitProperty.Flag("DefaultDependencies", false)];

    internal static ImmutableArray<UnitProperty> Compute(CgroupLimits limits, bool isUnified)
    {
        // A controller is there for a slice that counts with it.
        ImmutableArray<UnitProperty>.Builder properties = ImmutableArray.CreateBuilder<UnitProperty>();
        properties.Add(new UnitProperty.Flag("CPUAccounting", true));
        properties.Add(new UnitProperty.Flag("MemoryAccounting", true));
        properties.Add(new UnitProperty.Flag("TasksAccounting", true));
        properties.Add(new UnitProperty.Flag(isUnified ? "IOAccounting" : "BlockIOAccounting", true));
        if (limits.CpuShares is { } shares)
        {
            properties.Add(isUnified
                ? new UnitProperty.Number("CPUWeight", (ulong)CgroupSettings.ToWeight(shares))
                : new UnitProperty.Number("CPUShares", (ulong)shares));
        }

        if (limits.CpuQuota is { } quota)
        {
            properties.Add(new UnitProperty.Number("CPUQuotaPerSecUSec", PerSecond(quota, limits.CpuPeriod)));
            properties.Add(new UnitProperty.Number("CPUQuotaPeriodUSec", (ulong)limits.CpuPeriod.TotalMicroseconds));
        }

        if (limits.Memory is { } memory)
        {
            properties.Add(new UnitProperty.Number(isUnified ? "MemoryMax" : "MemoryLimit", OrUnlimited(memory)));
        }

        if (limits.Pids is { } pids)
        {
            properties.Add(new UnitProperty.Number("TasksMax", OrUnlimited(pids)));
        }

        return properties.ToImmutable();
    }

    /// <summary>Microseconds of processor time in a second, rounded up to what systemd can write down.</summary>
    private static ulong PerSecond(TimeSpan quota, TimeSpan period)
    {
        if (quota < TimeSpan.Zero)
        {
            return Unlimited;
        }

        long exact = (long)(quota / period * TimeSpan.MicrosecondsPerSecond);
        return (ulong)((exact + QuotaStep - 1) / QuotaStep * QuotaStep);
    }

    private static ulong OrUnlimited(long limit) => limit < 0 ? Unlimited : (ulong)limit;
}
