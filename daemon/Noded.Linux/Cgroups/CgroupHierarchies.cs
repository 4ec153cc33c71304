using System.Collections.Immutable;
using Noded.Linux.Mounts;

namespace Noded.Linux.Cgroups;

/// <summary>A mounted cgroup hierarchy.</summary>
/// <param name="Controllers">v1: its controllers, empty for a named one; v2: cgroup.controllers of its root.</param>
public sealed record CgroupHierarchy(string MountPoint, bool IsUnified, ImmutableArray<string> Controllers);

/// <summary>Where the kernel's cgroup hierarchies are mounted: v1, v2, or both beside each other ("hybrid").</summary>
public sealed record CgroupHierarchies(ImmutableArray<CgroupHierarchy> All)
{
    private static readonly string[] ControllerNames =
        ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "hugetlb", "net_cls", "net_prio",
         "perf_event", "rdma", "misc"];

    /// <summary>The controllers' limits live in cgroup v2.</summary>
    public bool IsUnified => All.Any(hierarchy => hierarchy.IsUnified && hierarchy.Controllers.Contains("memory"));

    public static CgroupHierarchies Discover() => FromMounts(MountInfo.ReadSelf(), ReadControllers);

    /// <summary>Picks the hierarchies out of the mounts; a hierarchy mounted twice counts once.</summary>
    public static CgroupHierarchies FromMounts(
        ImmutableArray<MountInfo> mounts, Func<string, ImmutableArray<string>> readControllers)
    {
        ImmutableArray<CgroupHierarchy>.Builder found = ImmutableArray.CreateBuilder<CgroupHierarchy>();
        HashSet<string> seen = [];

        foreach (MountInfo mount in mounts.Where(mount => mount.FileSystem is "cgroup" or "cgroup2"))
        {
            bool unified = mount.FileSystem == "cgroup2";
            string[] options = mount.SuperOptions.Split(',');
            string identity = unified ? "cgroup2" : string.Join(',', options.Order(StringComparer.Ordinal));
            if (seen.Add(identity))
            {
                found.Add(new CgroupHierarchy(
                    mount.MountPoint,
                    unified,
                    unified ? readControllers(mount.MountPoint) : [.. options.Intersect(ControllerNames)]));
            }
        }

        return new CgroupHierarchies(found.ToImmutable());
    }

    private static ImmutableArray<string> ReadControllers(string mountPoint)
    {
        string file = Path.Combine(mountPoint, "cgroup.controllers");
        return File.Exists(file)
            ? [.. File.ReadAllText(file).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)]
            : [];
    }
}
