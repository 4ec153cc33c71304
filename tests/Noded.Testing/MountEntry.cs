using System.Collections.Immutable;

namespace Noded.Testing;

/// <summary>One line of /proc/self/mountinfo.</summary>
/// <param name="Path">Where it is mounted, unescaped.</param>
internal sealed record MountEntry(string Path, string FileSystem, ImmutableArray<string> SuperOptions)
{
    /// <summary>
    /// The mounts of this process's namespace, oldest first: a mount comes after the one it is mounted on.
    /// </summary>
    public static ImmutableArray<MountEntry> ReadAll() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(Parse)];

    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    // The number of optional fields before the dash varies.
    public static MountEntry Parse(string line)
    {
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-", 6);
        return new MountEntry(Unescape(fields[4]), fields[dash + 1], [.. fields[dash + 3].Split(',')]);
    }

    public bool IsBelow(string directory) =>
        Path == directory || Path.StartsWith(directory + "/", StringComparison.Ordinal);

    /// <summary>Space, tab, newline and backslash are written as three octal digits.</summary>
    private static string Unescape(string field) => field
        .Replace(@"\040", " ", StringComparison.Ordinal)
        .Replace(@"\011", "\t", StringComparison.Ordinal)
        .Replace(@"\012", "\n", StringComparison.Ordinal)
        .Replace(@"\134", @"\", StringComparison.Ordinal);
}
