using System.Collections.Frozen;
using System.Globalization;

namespace Noded.Testing;

/// <summary>What /proc tells: the runtime's processes, and the namespaces any process holds.</summary>
internal static class ProcessSource
{
    // As /proc shows them, cut at 15 characters. Other programs are none of a node's business.
    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        ["containerd", "containerd-shim", "noded", "pause", "runc", "kube-apiserver", "kube-controller", "etcd"],
        StringComparer.Ordinal);

    /// <summary>Named by pid and start time: a restarted daemon is another process.</summary>
    public static IEnumerable<InventoryItem> ReadProcesses() =>
        from stat in ReadStats()
        where Names.Contains(stat.Name)
        select new InventoryItem($"process {stat.Name} {stat.Id} started {stat.StartTime}");

    /// <summary>
    /// Namespaces that are not this process's own, by inode. Left out of the comparison: who holds one, because it is
    /// the same namespace when a worker of its daemon ends.
    /// </summary>
    public static IEnumerable<InventoryItem> ReadNamespaces()
    {
        HashSet<string> own = [.. ReadNamespaces("self")];

        return ReadStats()
            .SelectMany(stat => ReadNamespaces(stat.Id).Select(ns => (Namespace: ns, Holder: $"{stat.Name} {stat.Id}")))
            .Where(held => !own.Contains(held.Namespace))
            .GroupBy(held => held.Namespace)
            .Select(holders => new InventoryItem($"namespace {holders.Key}", holders.First().Holder));
    }

    // 4711 (name with ) and spaces) S 1 ...; the start time is field 22, in clock ticks since boot.
    internal static ProcessStat ParseStat(string stat)
    {
        int open = stat.IndexOf('(', StringComparison.Ordinal);
        int close = stat.LastIndexOf(')');
        string[] afterName = stat[(close + 2)..].Split(' ');
        return new ProcessStat(stat[..open].Trim(), stat[(open + 1)..close], afterName[19]);
    }

    private static IEnumerable<ProcessStat> ReadStats() => Directory
        .EnumerateDirectories("/proc")
        .Select(directory => Path.GetFileName(directory))
        .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
        .Select(TryReadStat)
        .OfType<ProcessStat>();

    private static ProcessStat? TryReadStat(string id)
    {
        try
        {
            return ParseStat(File.ReadAllText($"/proc/{id}/stat"));
        }
        catch (IOException)
        {
            return null; // It ended between the listing and the look.
        }
    }

    private static IEnumerable<string> ReadNamespaces(string id)
    {
        try
        {
            // Kernel threads and zombies have links that lead nowhere.
            return [.. Directory.GetFileSystemEntries($"/proc/{id}/ns").Select(TryReadLink).OfType<string>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? TryReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal sealed record ProcessStat(string Id, string Name, string StartTime);
}
