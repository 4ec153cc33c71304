using System.Collections.Immutable;

namespace Noded.Linux.Cgroups;

/// <summary>Makes cgroups as directories of the kernel's file systems, whoever else does so.</summary>
/// <param name="prefix">The node's cgroup, a path without a leading slash.</param>
public sealed class CgroupfsDriver(CgroupHierarchies hierarchies, string prefix) : ICgroupDriver
{
    public bool IsUnified => hierarchies.IsUnified;

    public Cgroup? Node => new(hierarchies, prefix);

    public Cgroup Locate(params ReadOnlySpan<string> names) => new(hierarchies, $"{prefix}/{string.Join('/', names)}");

    public Cgroup LocateContainer(Cgroup pod, string container) => pod.Child(container);

    public ImmutableArray<string> Ensure(Cgroup cgroup, CgroupLimits limits)
    {
        cgroup.Create();
        return cgroup.Apply(limits);
    }

    public ImmutableArray<string> Apply(Cgroup cgroup, CgroupLimits limits) => cgroup.Apply(limits);

    public bool TryRemove(Cgroup cgroup) => cgroup.TryRemove();
}
