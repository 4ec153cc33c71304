using Noded.Linux.Cgroups;
using Noded.Linux.Mounts;

namespace Noded.Linux.Tests.Cgroups;

public sealed class CgroupHierarchiesTests
{
    [Fact]
    public void FromMounts_VersionTwo_HasTheControllersOfItsRoot()
    {
        CgroupHierarchies found = Find(["cpu", "memory"], "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate");

        CgroupHierarchy hierarchy = Assert.Single(found.All);
        Assert.Equal(("/sys/fs/cgroup", true), (hierarchy.MountPoint, hierarchy.IsUnified));
        Assert.Equal(["cpu", "memory"], hierarchy.Controllers);
        Assert.True(found.IsUnified);
    }

    [Fact]
    public void FromMounts_VersionOne_HasTheControllersAmongTheOptions()
    {
        CgroupHierarchies found = Find(
            [],
            "30 1 0:1 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
            "31 1 0:2 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
            "32 1 0:3 / /sys ro - sysfs sysfs ro");

        Assert.Equal(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd"], found.All.Select(one => one.MountPoint));
        Assert.Equal(["cpu", "cpuacct"], found.All[0].Controllers);
        Assert.Empty(found.All[1].Controllers);
        Assert.False(found.IsUnified);
    }

    [Fact]
    public void FromMounts_BothVersions_LimitsAreVersionOnes()
    {
        CgroupHierarchies found = Find(
            [],
            "30 1 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            "31 1 0:2 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw");

        Assert.Equal([false, true], found.All.Select(one => one.IsUnified));
        Assert.False(found.IsUnified);
    }

    [Fact]
    public void FromMounts_HierarchyMountedTwice_CountsOnce()
    {
        CgroupHierarchies found = Find(
            [],
            "30 1 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct",
            "31 1 0:1 / /run/other rw - cgroup cgroup rw,cpuacct,cpu",
            "32 1 0:2 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
            "33 1 0:2 / /run/unified rw - cgroup2 cgroup2 rw");

        Assert.Equal(["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"], found.All.Select(one => one.MountPoint));
    }

    [Fact]
    public void Discover_ThisMachine_HasAMemoryController() => Assert.Contains(
        CgroupHierarchies.Discover().All, hierarchy => hierarchy.Controllers.Contains("memory"));

    private static CgroupHierarchies Find(string[] controllers, params string[] mounts) =>
        CgroupHierarchies.FromMounts([.. mounts.Select(MountInfo.Parse)], _ => [.. controllers]);
}
