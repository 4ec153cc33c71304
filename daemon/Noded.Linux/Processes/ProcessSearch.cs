using System.Globalization;
using System.Text;

namespace Noded.Linux.Processes;

/// <summary>Finds processes by what they were started with, when nothing else is known of them.</summary>
public static class ProcessSearch
{
    /// <summary>
    /// The process whose arguments behind the program's name are exactly these and which sees the same files as we do:
    /// in a container of this machine the same paths mean others. Null when there is none.
    /// </summary>
    public static ProcessIdentity? TryFind(params IReadOnlyList<string> arguments)
    {
        byte[] expected = Encoding.UTF8.GetBytes(string.Concat(arguments.Select(argument => '\0' + argument)) + '\0');
        string? mounts = MountNamespace("self");
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            string name = Path.GetFileName(directory);
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && HasArguments(name, expected)
                && MountNamespace(name) == mounts
                && ProcessIdentity.TryRead(pid) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static bool HasArguments(string pid, ReadOnlySpan<byte> expected)
    {
        try
        {
            ReadOnlySpan<byte> commandLine = File.ReadAllBytes($"/proc/{pid}/cmdline");
            int program = commandLine.IndexOf((byte)0);
            return program >= 0 && commandLine[program..].SequenceEqual(expected);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            return false;
        }
    }

    private static string? MountNamespace(string pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/mnt").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
