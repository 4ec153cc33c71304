using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Kubelet.Resources;

/// <summary>A size of huge pages.</summary>
/// <param name="Resource">In a pod: <c>hugepages-2Mi</c>.</param>
/// <param name="KernelName">In a control file's name: <c>2MB</c>.</param>
/// <param name="Bytes">Of one page.</param>
internal sealed record HugePageSize(string Resource, string KernelName, long Bytes)
{
    private const string Prefix = "hugepages-";
    private const string Suffix = "kB";
    private const string OfMachineDirectory = "/sys/kernel/mm/hugepages";

    internal static ImmutableArray<HugePageSize> OfMachine { get; } = Read();

    /// <summary>From the names of the directories in /sys/kernel/mm/hugepages, <c>hugepages-2048kB</c>.</summary>
    internal static ImmutableArray<HugePageSize> Read(string directory = OfMachineDirectory) =>
        Directory.Exists(directory)
            ? [.. Directory.GetDirectories(directory).Select(path => TryParse(Path.GetFileName(path))).OfType<HugePageSize>()]
            : [];

    /// <summary>The pages of this size that the machine keeps apart, used or not, in bytes.</summary>
    internal long ReadReserved(string directory = OfMachineDirectory)
    {
        string pages = Path.Combine(
            directory, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Bytes / 1024}{Suffix}"), "nr_hugepages");
        return long.Parse(File.ReadAllText(pages), CultureInfo.InvariantCulture) * Bytes;
    }

    internal static HugePageSize? TryParse(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal) || !name.EndsWith(Suffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan()[Prefix.Length..^Suffix.Length], out long kibibytes))
        {
            return null;
        }

        long bytes = kibibytes * 1024;
        string number = kibibytes.ToString(CultureInfo.InvariantCulture);
        string[] units = ["K", "M", "G"];
        int unit = 0;
        for (; unit < units.Length - 1 && kibibytes % 1024 == 0; unit++)
        {
            kibibytes /= 1024;
            number = kibibytes.ToString(CultureInfo.InvariantCulture);
        }

        return new HugePageSize($"{Prefix}{number}{units[unit]}i", $"{number}{units[unit]}B", bytes);
    }
}
