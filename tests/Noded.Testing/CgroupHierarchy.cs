using System.Collections.Immutable;

namespace Noded.Testing;

/// <summary>A mounted cgroup tree: cgroup2, or a cgroup v1 controller set.</summary>
/// <param name="Name">The directory's name, such as <c>memory</c> or <c>unified</c>.</param>
internal sealed record CgroupHierarchy(string Name, string MountPoint)
{
    public static ImmutableArray<CgroupHierarchy> ReadAll() =>
    [
        .. MountEntry.ReadAll()
            .Where(mount => mount.FileSystem is "cgroup" or "cgroup2")
            .Select(mount => new CgroupHierarchy(Path.GetFileName(mount.Path), mount.Path))
            .Distinct(),
    ];
}
