using Noded.Kubelet.Configuration;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Linux.Cgroups;
using Noded.Linux.Systemd;
using Noded.Primitives;

namespace Noded.Composition;

/// <summary>
/// Who makes the cgroups of a node's pods. containerd is told when it starts and goes on with that, and so do pods; hence
/// the choice is written down until the node is reset.
/// </summary>
internal static class NodeCgroups
{
    /// <summary>What the configuration says; where it says nothing, what the node began with: cgroupfs if new.</summary>
    /// <exception cref="IOException">The other one has made the cgroups of what runs, or there is no systemd.</exception>
    internal static CgroupDriverName Choose(NodePaths paths, CgroupDriverName? configured, TimeProvider clock)
    {
        CgroupDriverName written =
            File.Exists(paths.SystemdDriverMarker) ? CgroupDriverName.Systemd : CgroupDriverName.Cgroupfs;
        CgroupDriverName chosen = configured ?? written;
        if (chosen != written)
        {
            if (ContainerdSupervisor.TryFindRunning(paths) is not null)
            {
                throw new IOException(
                    $"cgroupDriver: {TextOf(chosen)}: containerd and pods of this node run with {TextOf(written)}; end them with noded reset --keep-manifests --root {paths.Root}, or leave it at that.");
            }

            Remove(paths, clock);
        }

        if (chosen == CgroupDriverName.Systemd)
        {
            SystemdCgroupDriver.Check(clock);
            Directory.CreateDirectory(paths.State);
            File.WriteAllText(paths.SystemdDriverMarker, string.Empty);
        }

        return chosen;
    }

    internal static ICgroupDriver Open(
        NodePaths paths, CgroupDriverName driver, CgroupHierarchies hierarchies, TimeProvider clock) =>
        driver == CgroupDriverName.Systemd
            ? new SystemdCgroupDriver(hierarchies, paths.Root == "/" ? null : paths.CgroupPrefix, clock)
            : new CgroupfsDriver(hierarchies, paths.CgroupPrefix);

    /// <summary>The cgroups that hold everything that this node started.</summary>
    internal static IEnumerable<Cgroup> All(NodePaths paths, CgroupHierarchies hierarchies, TimeProvider clock)
    {
        yield return new Cgroup(hierarchies, paths.CgroupPrefix);
        if (File.Exists(paths.SystemdDriverMarker))
        {
            yield return TopOf(Open(paths, CgroupDriverName.Systemd, hierarchies, clock));
        }
    }

    /// <summary>Removes the slices, if there are any.</summary>
    /// <exception cref="IOException">Processes are left in them.</exception>
    internal static void Remove(NodePaths paths, TimeProvider clock)
    {
        if (File.Exists(paths.SystemdDriverMarker))
        {
            ICgroupDriver driver = Open(paths, CgroupDriverName.Systemd, CgroupHierarchies.Discover(), clock);
            Cgroup top = TopOf(driver);
            if (!driver.TryRemove(top))
            {
                throw new IOException(
                    $"Remove {top.Path}: processes {string.Join(", ", top.Processes())} are still in it; end them and reset again.");
            }

            File.Delete(paths.SystemdDriverMarker);
        }
    }

    private static Cgroup TopOf(ICgroupDriver driver) => driver.Node ?? driver.Locate("kubepods");

    private static string TextOf(CgroupDriverName driver) => driver == CgroupDriverName.Systemd ? "systemd" : "cgroupfs";
}
