using System.Collections.Immutable;
using System.Globalization;
using Noded.Linux.Processes;

namespace Noded.Kubelet.Resources;

/// <summary>What the machine has.</summary>
internal static class NodeCapacity
{
    /// <param name="directory">On the disk that containers write to; made if it is missing.</param>
    internal static NodeResources Read(string directory)
    {
        Directory.CreateDirectory(directory);
        return new NodeResources(
            Environment.ProcessorCount * 1000L,
            MachineMemory.TotalBytes,
            new DriveInfo(directory).TotalSize,
            Math.Min(Number("/proc/sys/kernel/pid_max"), Number("/proc/sys/kernel/threads-max")))
        {
            HugePages = HugePageSize.OfMachine.ToImmutableDictionary(size => size.Resource, size => size.ReadReserved()),
        };
    }

    private static long Number(string file) => long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
}
