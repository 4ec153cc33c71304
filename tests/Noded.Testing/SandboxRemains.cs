namespace Noded.Testing;

/// <summary>
/// Removes from the machine what outlives a sandbox's namespaces. Touches nothing that is not the sandbox's.
/// </summary>
internal static class SandboxRemains
{
    private const int Attempts = 5;

    public static async Task RemoveAsync(string root, string cgroupPrefix, CancellationToken cancellationToken)
    {
        await UnmountAsync(root, cancellationToken);

        foreach (CgroupHierarchy hierarchy in CgroupHierarchy.ReadAll())
        {
            await RemoveCgroupAsync(Path.Combine(hierarchy.MountPoint, cgroupPrefix), cancellationToken);
        }

        // Not Directory.Delete: rm does not cross into a mount that was made under the root meanwhile.
        (await ChildProcess.RunAsync("rm", ["-rf", "--one-file-system", root], cancellationToken)).OrThrow();
    }

    /// <summary>
    /// Lets go of the processes that a v1 freezer of this node holds; cgroup2 lets frozen processes die.
    /// </summary>
    public static void Thaw(string cgroupPrefix)
    {
        IEnumerable<string> states = CgroupHierarchy.ReadAll()
            .Select(hierarchy => Path.Combine(hierarchy.MountPoint, cgroupPrefix))
            .Where(Directory.Exists)
            .SelectMany(group => Directory.EnumerateFiles(group, "freezer.state", SearchOption.AllDirectories));

        foreach (string state in states)
        {
            File.WriteAllText(state, "THAWED");
        }
    }

    /// <summary>
    /// Unmounts what a test mounted below the root from outside; inner mounts went with their namespace.
    /// </summary>
    private static async Task UnmountAsync(string root, CancellationToken cancellationToken)
    {
        foreach (MountEntry mount in MountEntry.ReadAll().Reverse().Where(mount => mount.IsBelow(root)))
        {
            (await ChildProcess.RunAsync("umount", [mount.Path], cancellationToken)).OrThrow();
        }
    }

    private static async Task RemoveCgroupAsync(string path, CancellationToken cancellationToken)
    {
        for (int attempt = 1; Directory.Exists(path); attempt++)
        {
            try
            {
                RemoveBottomUp(path);
            }
            catch (IOException) when (attempt < Attempts)
            {
                // EBUSY: a process from outside the sandbox's PID namespace was put here. The group is ours, and so is
                // whatever runs in it.
                await KillMembersAsync(path, cancellationToken);
            }
        }
    }

    private static void RemoveBottomUp(string path)
    {
        foreach (string child in Directory.EnumerateDirectories(path))
        {
            RemoveBottomUp(child);
        }

        // The files in it are the kernel's and go with it.
        Directory.Delete(path);
    }

    private static async Task KillMembersAsync(string path, CancellationToken cancellationToken)
    {
        IEnumerable<string> groups = Directory
            .EnumerateDirectories(path, "*", SearchOption.AllDirectories)
            .Append(path);

        foreach (string pid in groups.SelectMany(group => File.ReadLines(Path.Combine(group, "cgroup.procs"))))
        {
            // It may have ended by itself, then there is nothing to kill and tail does not wait.
            await ChildProcess.RunAsync("kill", ["-9", pid], cancellationToken);
            await ChildProcess.RunAsync("tail", [$"--pid={pid}", "-f", "/dev/null"], cancellationToken);
        }
    }
}
