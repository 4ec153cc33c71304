using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Linux.Mounts;

/// <summary>Finds who keeps a mount from being taken off.</summary>
public static class MountHolders
{
    /// <summary>The processes with a working directory, root, program or open file there, as <c>4711 (tail)</c>.</summary>
    public static ImmutableArray<string> Find(string mountPoint)
    {
        List<string> holders = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            string pid = Path.GetFileName(process);
            if (int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && Links(process).Any(link => IsIn(link, mountPoint)))
            {
                holders.Add($"{pid} ({Name(process)})");
            }
        }

        return [.. holders];
    }

    private static IEnumerable<string?> Links(string process)
    {
        foreach (string link in (string[])["cwd", "root", "exe"])
        {
            yield return Target(Path.Combine(process, link));
        }

        string[] open;
        try
        {
            open = Directory.GetFileSystemEntries(Path.Combine(process, "fd"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            yield break;
        }

        foreach (string descriptor in open)
        {
            yield return Target(descriptor);
        }
    }

    private static string? Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Name(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "comm")).TrimEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "ended";
        }
    }

    private static bool IsIn(string? path, string mountPoint) =>
        path is not null
        && path.StartsWith(mountPoint, StringComparison.Ordinal)
        && (path.Length == mountPoint.Length || path[mountPoint.Length] == '/');
}
