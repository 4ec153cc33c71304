using Noded.Linux.Cgroups;

namespace Noded.E2E.Tests;

/// <summary>The files of a node's cgroups, whichever version the machine has.</summary>
internal sealed class CgroupFiles(string prefix)
{
    private static readonly Dictionary<string, string> Unified = new()
    {
        ["memory.limit_in_bytes"] = "memory.max",
        ["cpu.shares"] = "cpu.weight",
        ["cpu.cfs_quota_us"] = "cpu.max",
    };

    private readonly CgroupHierarchies _hierarchies = CgroupHierarchies.Discover();

    public bool IsUnified => _hierarchies.IsUnified;

    public string Find(string pattern) => Assert.Single(FindAll(pattern));

    public IEnumerable<string> FindAll(string pattern)
    {
        string top = Path.Combine(Of("memory").MountPoint, prefix);
        return Directory.GetDirectories(Path.Combine(top, Path.GetDirectoryName(pattern)!), Path.GetFileName(pattern))
            .Select(path => Path.GetRelativePath(top, path));
    }

    public string Read(string cgroup, string controller, string file) => File.ReadAllText(Path.Combine(
        Of(controller).MountPoint, prefix, cgroup, _hierarchies.IsUnified ? Unified.GetValueOrDefault(file, file) : file)).Trim();

    private CgroupHierarchy Of(string controller)
    {
        Assert.SkipUnless(
            _hierarchies.All.Any(hierarchy => hierarchy.Controllers.Contains(controller)),
            $"The machine has no {controller} controller.");
        return _hierarchies.All.First(hierarchy => hierarchy.Controllers.Contains(controller));
    }
}
