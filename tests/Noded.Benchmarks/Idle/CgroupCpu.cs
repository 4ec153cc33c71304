using System.Globalization;
using Noded.Linux.Cgroups;

namespace Noded.Benchmarks.Idle;

/// <summary>The processor time that a cgroup with everything below it has used.</summary>
internal static class CgroupCpu
{
    private const string Usage = "usage_usec ";

    internal static TimeSpan Read(CgroupHierarchies hierarchies, string cgroup)
    {
        CgroupHierarchy? v1 = hierarchies.All.FirstOrDefault(
            hierarchy => !hierarchy.IsUnified && hierarchy.Controllers.Contains("cpuacct"));
        if (v1 is not null)
        {
            string nanoseconds = File.ReadAllText(Path.Combine(v1.MountPoint, cgroup, "cpuacct.usage"));
            return TimeSpan.FromMicroseconds(long.Parse(nanoseconds, CultureInfo.InvariantCulture) / 1000.0);
        }

        CgroupHierarchy v2 = hierarchies.All.First(hierarchy => hierarchy.IsUnified);
        string line = File.ReadLines(Path.Combine(v2.MountPoint, cgroup, "cpu.stat"))
            .First(line => line.StartsWith(Usage, StringComparison.Ordinal));
        return TimeSpan.FromMicroseconds(long.Parse(line[Usage.Length..], CultureInfo.InvariantCulture));
    }
}
