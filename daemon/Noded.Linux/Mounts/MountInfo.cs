using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Noded.Linux.Mounts;

/// <summary>One line of /proc/PID/mountinfo (proc(5)).</summary>
public sealed record MountInfo(
    int Id, int ParentId, string Root, string MountPoint, string FileSystem, string Source, string SuperOptions)
{
    /// <summary>The mounts of this process's namespace, in mount order.</summary>
    public static ImmutableArray<MountInfo> ReadSelf() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(Parse)];

    /// <exception cref="FormatException">The line is not one of mountinfo.</exception>
    public static MountInfo Parse(string line)
    {
        // id parent major:minor root mountpoint options [optional fields] - type source super-options
        string[] words = line.Split(' ');
        int separator = words.Length < 6 ? -1 : Array.IndexOf(words, "-", 6);
        if (separator < 0 || words.Length < separator + 4)
        {
            throw new FormatException($"Not a line of mountinfo: {line}");
        }

        return new MountInfo(
            int.Parse(words[0], CultureInfo.InvariantCulture),
            int.Parse(words[1], CultureInfo.InvariantCulture),
            Unescape(words[3]),
            Unescape(words[4]),
            words[separator + 1],
            Unescape(words[separator + 2]),
            words[separator + 3]);
    }

    /// <summary>The kernel writes space, tab, newline and backslash as three octal digits.</summary>
    private static string Unescape(string word)
    {
        if (!word.Contains('\\', StringComparison.Ordinal))
        {
            return word;
        }

        StringBuilder text = new(word.Length);
        for (int i = 0; i < word.Length; i++)
        {
            if (word[i] == '\\' && i + 3 < word.Length)
            {
                text.Append((char)Convert.ToInt32(word.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(word[i]);
            }
        }

        return text.ToString();
    }
}
