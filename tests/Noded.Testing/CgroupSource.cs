using System.Collections.Immutable;

namespace Noded.Testing;

/// <summary>
/// The cgroups of every hierarchy. Left out: the top-level group this process lives in, where the machine puts its
/// sessions, and the slices of systemd's own units: both come and go while nobody touches a node.
/// </summary>
internal static class CgroupSource
{
    public static IEnumerable<InventoryItem> Read()
    {
        ImmutableHashSet<string> ignored = ParseSessions(File.ReadLines("/proc/self/cgroup"));

        return CgroupHierarchy.ReadAll().SelectMany(hierarchy => Directory
            .EnumerateDirectories(hierarchy.MountPoint)
            .Where(group => !ignored.Contains(Path.GetFileName(group)))
            .SelectMany(Subtree)
            .Select(group => new InventoryItem($"cgroup {hierarchy.Name}:{group[hierarchy.MountPoint.Length..]}")));
    }

    // 4:memory:/user.slice/user-0.slice
    internal static ImmutableHashSet<string> ParseSessions(IEnumerable<string> selfCgroup) => selfCgroup
        .Select(line => line.Split(':', 3)[2].Split('/', StringSplitOptions.RemoveEmptyEntries))
        .Where(path => path.Length > 0)
        .Select(path => path[0])
        .Concat(["system.slice", "user.slice", "init.scope"])
        .ToImmutableHashSet();

    private static IEnumerable<string> Subtree(string group)
    {
        try
        {
            return [group, .. Directory.GetDirectories(group, "*", SearchOption.AllDirectories)];
        }
        catch (DirectoryNotFoundException)
        {
            // Removed while it was walked: then it is not there.
            return [];
        }
    }
}
