using System.Globalization;

namespace Noded.Linux.Processes;

/// <summary>The machine's memory (proc(5), /proc/meminfo), whatever cgroup this process is in.</summary>
public static class MachineMemory
{
    public static long TotalBytes { get; } = Parse(File.ReadLines("/proc/meminfo"), "MemTotal:");

    /// <summary>Nothing is ever moved to a disk when this is 0.</summary>
    public static long ReadSwapBytes() => Parse(File.ReadLines("/proc/meminfo"), "SwapTotal:");

    /// <summary>What can be had without moving anything to a disk.</summary>
    public static long ReadAvailableBytes() => Parse(File.ReadLines("/proc/meminfo"), "MemAvailable:");

    /// <summary>What is neither free nor a cache that was not used lately: the working set, as of a cgroup.</summary>
    public static long ReadWorkingSetBytes()
    {
        string[] lines = File.ReadAllLines("/proc/meminfo");
        return TotalBytes - Parse(lines, "MemFree:") - Parse(lines, "Inactive(file):");
    }

    private static long Parse(IEnumerable<string> lines, string name) => 1024 * long.Parse(
        lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
