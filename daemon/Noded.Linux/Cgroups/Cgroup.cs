using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Noded.Linux.Cgroups;

/// <summary>
/// The cgroup of one relative path in every mounted hierarchy, so that v1, v2 and both together look the same.
/// </summary>
/// <param name="path">Without a leading slash, for example <c>noded/containerd</c>.</param>
public sealed class Cgroup(CgroupHierarchies hierarchies, string path)
{
    private const string UsageOfStat = "usage_usec ";

    public string Path { get; } = path;

    /// <summary>It is there in one hierarchy at least.</summary>
    public bool Exists => hierarchies.All.Any(hierarchy => Directory.Exists(DirectoryIn(hierarchy)));

    /// <summary>A cgroup below this one.</summary>
    public Cgroup Child(string name) => new(hierarchies, $"{Path}/{name}");

    /// <summary>Makes the directories, parents first; one that exists is left as it is.</summary>
    public void Create()
    {
        foreach (CgroupHierarchy hierarchy in hierarchies.All)
        {
            string directory = hierarchy.MountPoint;
            foreach (string name in Path.Split('/'))
            {
                if (hierarchy.IsUnified)
                {
                    PassControllersDown(directory, hierarchy);
                }

                string parent = directory;
                directory = System.IO.Path.Combine(directory, name);
                Directory.CreateDirectory(directory);
                if (hierarchy.Controllers.Contains("cpuset") && !hierarchy.IsUnified)
                {
                    InheritCpuset(parent, directory);
                }
            }
        }
    }

    /// <summary>
    /// Sets limits in every hierarchy that has the controller. One that the kernel refuses, or whose file is not there
    /// since the controller is not delegated, keeps nothing else from being set.
    /// </summary>
    /// <returns>What was not set and why, one sentence each.</returns>
    public ImmutableArray<string> Apply(CgroupLimits limits)
    {
        ImmutableArray<string>.Builder refused = ImmutableArray.CreateBuilder<string>();
        foreach (CgroupHierarchy hierarchy in hierarchies.All)
        {
            foreach (CgroupSetting setting in CgroupSettings.Compute(hierarchy, limits))
            {
                string file = System.IO.Path.Combine(DirectoryIn(hierarchy), setting.File);
                try
                {
                    // Never made: a directory that is gone, or a file that the kernel does not have, is an error.
                    using FileStream stream = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
                    stream.Write(Encoding.ASCII.GetBytes(setting.Value));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    refused.Add($"write {setting.Value} to {file}: {e.Message}");
                }
            }
        }

        return refused.ToImmutable();
    }

    /// <summary>
    /// The memory that would not come back by dropping caches that were not used lately, in bytes: usage without the
    /// inactive file pages, what Kubernetes calls the working set. Null if no controller counts it or the cgroup is gone.
    /// </summary>
    public long? WorkingSet()
    {
        if (TryFind("memory") is not { } memory)
        {
            return null;
        }

        string directory = DirectoryIn(memory);
        (string usage, string inactive) = memory.IsUnified
            ? ("memory.current", "inactive_file ")
            : ("memory.usage_in_bytes", "total_inactive_file ");
        try
        {
            long used = long.Parse(File.ReadAllText(System.IO.Path.Combine(directory, usage)), CultureInfo.InvariantCulture);
            string? line = File.ReadLines(System.IO.Path.Combine(directory, "memory.stat"))
                .FirstOrDefault(line => line.StartsWith(inactive, StringComparison.Ordinal));
            return line is null ? used : Math.Max(0, used - long.Parse(line[inactive.Length..], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// The processor time that everything in this cgroup and below it has used so far. Null if no controller counts it or
    /// the cgroup is gone.
    /// </summary>
    public TimeSpan? CpuUsage()
    {
        try
        {
            if (TryFind("cpuacct") is { } legacy)
            {
                string text = File.ReadAllText(System.IO.Path.Combine(DirectoryIn(legacy), "cpuacct.usage"));
                return TimeSpan.FromTicks(
                    long.Parse(text, CultureInfo.InvariantCulture) / TimeSpan.NanosecondsPerTick);
            }

            // Every cgroup of version 2 has it, with or without the controller.
            return hierarchies.All.FirstOrDefault(hierarchy => hierarchy.IsUnified) is { } unified
                && File.ReadLines(System.IO.Path.Combine(DirectoryIn(unified), "cpu.stat"))
                    .FirstOrDefault(line => line.StartsWith(UsageOfStat, StringComparison.Ordinal)) is { } usage
                ? TimeSpan.FromMicroseconds(long.Parse(usage[UsageOfStat.Length..], CultureInfo.InvariantCulture))
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Processes and threads in this cgroup and those below it; null if no controller counts them.</summary>
    public long? Pids()
    {
        try
        {
            return TryFind("pids") is { } pids
                ? long.Parse(
                    File.ReadAllText(System.IO.Path.Combine(DirectoryIn(pids), "pids.current")), CultureInfo.InvariantCulture)
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Moves a process, with all its threads, into this cgroup in every hierarchy.</summary>
    /// <exception cref="IOException">The kernel refuses, for example because the process has ended.</exception>
    public void Attach(int pid)
    {
        foreach (CgroupHierarchy hierarchy in hierarchies.All)
        {
            File.WriteAllText(
                System.IO.Path.Combine(DirectoryIn(hierarchy), "cgroup.procs"),
                pid.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Removes this cgroup and those below it. What is gone already is no error.</summary>
    /// <returns>False when one of them still holds a process.</returns>
    public bool TryRemove()
    {
        bool removed = true;
        foreach (CgroupHierarchy hierarchy in hierarchies.All)
        {
            removed &= TryRemove(DirectoryIn(hierarchy));
        }

        return removed;
    }

    /// <summary>The processes in this cgroup and those below it.</summary>
    public IReadOnlySet<int> Processes()
    {
        HashSet<int> pids = [];
        foreach (CgroupHierarchy hierarchy in hierarchies.All)
        {
            string top = DirectoryIn(hierarchy);
            if (Directory.Exists(top))
            {
                foreach (string file in Directory.EnumerateFiles(top, "cgroup.procs", SearchOption.AllDirectories))
                {
                    pids.UnionWith(File.ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)));
                }
            }
        }

        return pids;
    }

    /// <summary>The hierarchy that has a controller.</summary>
    private CgroupHierarchy? TryFind(string controller) =>
        hierarchies.All.FirstOrDefault(hierarchy => hierarchy.Controllers.Contains(controller));

    private string DirectoryIn(CgroupHierarchy hierarchy) => System.IO.Path.Combine(hierarchy.MountPoint, Path);

    private static bool TryRemove(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return true;
        }

        bool removed = true;
        foreach (string child in Directory.EnumerateDirectories(directory))
        {
            removed &= TryRemove(child);
        }

        try
        {
            Directory.Delete(directory);
            return removed;
        }
        catch (DirectoryNotFoundException)
        {
            return removed;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>A new v1 cpuset is empty and takes no task (ENOSPC) until it has processors and memory nodes.</summary>
    private static void InheritCpuset(string parent, string directory)
    {
        foreach (string name in (string[])["cpuset.cpus", "cpuset.mems"])
        {
            string file = System.IO.Path.Combine(directory, name);
            if (File.Exists(file) && File.ReadAllText(file).Trim().Length == 0)
            {
                File.WriteAllText(file, File.ReadAllText(System.IO.Path.Combine(parent, name)));
            }
        }
    }

    /// <summary>A v2 controller reaches a cgroup only when every ancestor passes it down.</summary>
    private static void PassControllersDown(string directory, CgroupHierarchy hierarchy)
    {
        foreach (string controller in hierarchy.Controllers)
        {
            try
            {
                File.WriteAllText(System.IO.Path.Combine(directory, "cgroup.subtree_control"), "+" + controller);
            }
            catch (IOException)
            {
                // Not delegated to us, or processes sit in the parent: limits of this controller do not apply here.
            }
        }
    }
}
