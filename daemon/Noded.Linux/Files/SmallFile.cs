using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>Files of a few bytes by bare system calls: directories of hundreds of them are read at a go.</summary>
public static class SmallFile
{
    /// <summary>
    /// Reads from the beginning, as far as <paramref name="buffer"/> goes; the number of bytes, or null when there is no
    /// such file.
    /// </summary>
    public static int? TryRead(string path, Span<byte> buffer)
    {
        int fd = LibC.open(path, LibC.O_RDONLY | LibC.O_CLOEXEC, 0);

        if (fd < 0)
        {
            LinuxException failure = LinuxException.FromLastError($"open {path}");
            return failure.Errno == Errno.ENOENT ? null : throw failure;
        }

        using SafeFd file = SafeFd.Own(fd, path);
        return file.Read(buffer, $"read {path}");
    }
}
