using System.Runtime.InteropServices;
using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>
/// A directory whose content others may change at any time, such as a pod's volume. Paths in it are resolved by the
/// kernel, which lets no symbolic link and no <c>..</c> lead out of it.
/// </summary>
public sealed class HostileTree : IDisposable
{
    private readonly string _path;
    private readonly SafeFd _root;

    private HostileTree(string path, SafeFd root) => (_path, _root) = (path, root);

    /// <exception cref="LinuxException">There is no such directory.</exception>
    public static HostileTree Open(string path) =>
        new(path, SafeFd.Open(path, LibC.O_PATH | LibC.O_DIRECTORY));

    public FileStatus Status => FileStatus.Read(_root, _path);

    /// <summary>What the path leads to, held so that it stays the same; null when there is nothing.</summary>
    /// <exception cref="LinuxException">The path leads out of the tree (EXDEV), or in circles.</exception>
    public HostileFile? TryOpen(string relative)
    {
        SafeFd? fd = TryOpen(relative, LibC.O_PATH, 0);
        return fd is null ? null : new HostileFile(Path.Combine(_path, relative), fd);
    }

    /// <summary>Makes the directories of the path that are missing, with exactly this mode.</summary>
    /// <exception cref="LinuxException">The path leads out of the tree, or over something that is no directory.</exception>
    public void MakeDirectories(string relative, uint mode)
    {
        string made = ".";
        foreach (string name in relative.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            // From the root each time: what was checked a moment ago may be another thing now.
            using SafeFd parent = TryOpen(made, LibC.O_PATH | LibC.O_DIRECTORY, 0)
                ?? throw new LinuxException($"open {Path.Combine(_path, made)}", Errno.ENOENT);
            made = Path.Combine(made, name);
            using SafeFd? there = TryOpen(made, LibC.O_PATH | LibC.O_DIRECTORY, 0);
            if (there is null)
            {
                MakeDirectory(parent, name, mode);
            }
        }
    }

    public void Dispose() => _root.Dispose();

    private unsafe void MakeDirectory(SafeFd parent, string name, uint mode)
    {
        byte[] path = OpenBeneath.ToPath(name);
        string what = Path.Combine(_path, name);
        fixed (byte* start = path)
        {
            if (LibC.mkdirat(parent, start, mode) < 0 && Marshal.GetLastPInvokeError() != Errno.EEXIST)
            {
                throw LinuxException.FromLastError($"mkdir {what}");
            }
        }

        // mkdir leaves out what the umask says.
        using SafeFd made = SafeFd.Own(
            OpenBeneath.Open(parent, path, LibC.O_RDONLY | LibC.O_DIRECTORY, LibC.RESOLVE_NO_SYMLINKS), $"open {what}");
        if (LibC.fchmod(made, mode) < 0)
        {
            throw LinuxException.FromLastError($"chmod {what}");
        }
    }

    private SafeFd? TryOpen(string relative, int flags, ulong resolve)
    {
        int fd = OpenBeneath.Open(_root, OpenBeneath.ToPath(relative), flags, resolve);
        if (fd >= 0)
        {
            return SafeFd.Own(fd, relative);
        }

        LinuxException failure = LinuxException.FromLastError($"open {relative} beneath {_path}");
        return failure.Errno == Errno.ENOENT ? null : throw failure;
    }
}

/// <summary>One file or directory, whatever its path comes to mean.</summary>
public sealed class HostileFile : IDisposable
{
    private readonly SafeFd _fd;

    internal HostileFile(string path, SafeFd fd) => (Path, _fd) = (path, fd);

    public string Path { get; }

    public FileStatus Status => FileStatus.Read(_fd, Path);

    /// <summary>A path by which this process, and nobody else, reaches it.</summary>
    public string Handle => $"/proc/self/fd/{_fd.Value}";

    public void Dispose() => _fd.Dispose();
}
