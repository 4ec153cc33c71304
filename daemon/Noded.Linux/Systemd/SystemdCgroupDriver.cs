using System.Collections.Immutable;
using Noded.Linux.Cgroups;

namespace Noded.Linux.Systemd;

/// <summary>
/// Has systemd make cgroups, as slices that exist until they are stopped: on a machine that it runs, it alone changes the
/// tree of cgroup v2. Limits are its properties, and are written into the files as well: exactly, and where systemd has
/// no property or no controller. A connection lives for one call, so that nothing is heard of the machine's other units.
/// </summary>
/// <param name="node">The first part of all names, for a node that is not the machine's only one; null for none.</param>
public sealed class SystemdCgroupDriver(CgroupHierarchies hierarchies, string? node, TimeProvider clock) : ICgroupDriver
{
    public bool IsUnified => hierarchies.IsUnified;

    public Cgroup? Node => node is null ? null : new(hierarchies, SliceName.ToCgroup(node));

    /// <exception cref="IOException">There is no systemd to ask; the message names the setting.</exception>
    public static void Check(TimeProvider clock) => Open(clock).Dispose();

    public Cgroup Locate(params ReadOnlySpan<string> names) =>
        new(hierarchies, SliceName.ToCgroup(node is null ? names : [node, .. names]));

    /// <summary>runc makes a scope of the container.</summary>
    public Cgroup LocateContainer(Cgroup pod, string container) => pod.Child($"cri-containerd-{container}.scope");

    public ImmutableArray<string> Ensure(Cgroup cgroup, CgroupLimits limits)
    {
        using (SystemdBus systemd = Open(clock))
        {
            systemd.EnsureSlice(
                UnitOf(cgroup), SliceProperties.Initial, SliceProperties.Compute(limits, hierarchies.IsUnified));
        }

        // The hierarchies and controllers that systemd leaves alone.
        cgroup.Create();
        return cgroup.Apply(limits);
    }

    public ImmutableArray<string> Apply(Cgroup cgroup, CgroupLimits limits)
    {
        try
        {
            using SystemdBus systemd = Open(clock);
            systemd.SetProperties(UnitOf(cgroup), SliceProperties.Compute(limits, hierarchies.IsUnified));
        }
        catch (IOException e)
        {
            return [e.Message];
        }

        return cgroup.Apply(limits);
    }

    public bool TryRemove(Cgroup cgroup)
    {
        if (!cgroup.Exists)
        {
            return true;
        }

        // To stop a slice is to stop what runs in it.
        if (cgroup.Processes().Count > 0)
        {
            return false;
        }

        using (SystemdBus systemd = Open(clock))
        {
            systemd.Stop(UnitOf(cgroup));
        }

        return cgroup.TryRemove();
    }

    private static string UnitOf(Cgroup cgroup) => Path.GetFileName(cgroup.Path);

    private static SystemdBus Open(TimeProvider clock)
    {
        const string Setting = "cgroupDriver: systemd";
        if (!SystemdBus.IsRunning)
        {
            throw new IOException($"{Setting}: systemd does not run this machine; use cgroupDriver: cgroupfs.");
        }

        try
        {
            return SystemdBus.Open(clock);
        }
        catch (BusException e)
        {
            throw new IOException($"{Setting}: {e.Message}; install and start dbus, or use cgroupDriver: cgroupfs.", e);
        }
    }
}
