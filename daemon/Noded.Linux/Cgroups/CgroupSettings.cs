using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Linux.Cgroups;

/// <summary>A control file of a cgroup and what to write into it.</summary>
internal sealed record CgroupSetting(string File, string Value);

/// <summary>
/// Limits as control files: Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst of the kernel have their formats.
/// </summary>
internal static class CgroupSettings
{
    private const string Unlimited = "max";

    /// <summary>What the controllers of one hierarchy are told.</summary>
    internal static ImmutableArray<CgroupSetting> Compute(CgroupHierarchy hierarchy, CgroupLimits limits) =>
        [.. hierarchy.Controllers.SelectMany(controller => hierarchy.IsUnified
            ? UnifiedOf(controller, limits)
            : LegacyOf(controller, limits))];

    /// <summary>
    /// The weight of v2, 1 to 10000, for shares of v1: 2, 1024 and 262144 become 1, 100 and 10000, as runc, crun and the
    /// kubelet convert them since 2025.
    /// </summary>
    internal static long ToWeight(long shares)
    {
        double log = Math.Log2(Math.Clamp(shares, 2, 262144));
        return (long)Math.Ceiling(Math.Pow(10, ((log * log) + (125 * log)) / 612.0 - (7.0 / 34.0)));
    }

    private static IEnumerable<CgroupSetting> LegacyOf(string controller, CgroupLimits limits)
    {
        switch (controller)
        {
            case "cpu":
                if (limits.CpuShares is { } shares)
                {
                    yield return new("cpu.shares", Text(shares));
                }

                if (limits.CpuQuota is { } quota)
                {
                    yield return new("cpu.cfs_period_us", Microseconds(limits.CpuPeriod));
                    yield return new("cpu.cfs_quota_us", quota < TimeSpan.Zero ? "-1" : Microseconds(quota));
                }

                break;
            case "memory" when limits.Memory is { } memory:
                yield return new("memory.limit_in_bytes", memory < 0 ? "-1" : Text(memory));
                break;
            case "pids" when limits.Pids is { } pids:
                yield return new("pids.max", pids < 0 ? Unlimited : Text(pids));
                break;
            case "hugetlb":
                foreach ((string size, long bytes) in limits.HugePages)
                {
                    yield return new($"hugetlb.{size}.limit_in_bytes", Text(bytes));
                }

                break;
            case "blkio":
                foreach (IoLimit limit in limits.Io)
                {
                    // Zero takes a limit away.
                    yield return new("blkio.throttle.read_bps_device", $"{limit.Device} {Text(limit.ReadBytes ?? 0)}");
                    yield return new("blkio.throttle.write_bps_device", $"{limit.Device} {Text(limit.WriteBytes ?? 0)}");
                    yield return new("blkio.throttle.read_iops_device", $"{limit.Device} {Text(limit.ReadOperations ?? 0)}");
                    yield return new("blkio.throttle.write_iops_device", $"{limit.Device} {Text(limit.WriteOperations ?? 0)}");
                }

                break;
            default:
                break;
        }
    }

    private static IEnumerable<CgroupSetting> UnifiedOf(string controller, CgroupLimits limits)
    {
        switch (controller)
        {
            case "cpu":
                if (limits.CpuShares is { } shares)
                {
                    yield return new("cpu.weight", Text(ToWeight(shares)));
                }

                if (limits.CpuQuota is { } quota)
                {
                    yield return new(
                        "cpu.max", $"{(quota < TimeSpan.Zero ? Unlimited : Microseconds(quota))} {Microseconds(limits.CpuPeriod)}");
                }

                break;
            case "memory" when limits.Memory is { } memory:
                yield return new("memory.max", memory < 0 ? Unlimited : Text(memory));
                break;
            case "pids" when limits.Pids is { } pids:
                yield return new("pids.max", pids < 0 ? Unlimited : Text(pids));
                break;
            case "hugetlb":
                foreach ((string size, long bytes) in limits.HugePages)
                {
                    yield return new($"hugetlb.{size}.max", Text(bytes));
                }

                break;
            case "io":
                foreach (IoLimit limit in limits.Io)
                {
                    yield return new(
                        "io.max",
                        $"{limit.Device} rbps={OrMax(limit.ReadBytes)} wbps={OrMax(limit.WriteBytes)} riops={OrMax(limit.ReadOperations)} wiops={OrMax(limit.WriteOperations)}");
                }

                break;
            default:
                break;
        }
    }

    private static string OrMax(long? limit) => limit is { } value ? Text(value) : Unlimited;

    private static string Microseconds(TimeSpan time) => Text((long)time.TotalMicroseconds);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
