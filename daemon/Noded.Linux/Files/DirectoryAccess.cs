using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>Group and mode of a directory.</summary>
public static class DirectoryAccess
{
    private const uint Unchanged = uint.MaxValue;

    /// <summary>Sets exactly this mode, whatever the umask; a symbolic link in the directory's place is refused.</summary>
    /// <param name="group">Null to leave it.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Set(string path, uint mode, uint? group)
    {
        using SafeFd directory = SafeFd.Open(path, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW);

        // In this order: chown takes setgid away.
        if (group is { } id && LibC.fchown(directory, Unchanged, id) < 0)
        {
            throw LinuxException.FromLastError($"chown {path}");
        }

        if (LibC.fchmod(directory, mode) < 0)
        {
            throw LinuxException.FromLastError($"chmod {path}");
        }
    }
}
