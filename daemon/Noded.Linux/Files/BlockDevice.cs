using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>Block devices by path.</summary>
public static class BlockDevice
{
    /// <summary>The device's numbers, <c>MAJOR:MINOR</c>.</summary>
    /// <exception cref="LinuxException">There is no such file.</exception>
    /// <exception cref="IOException">It is no block device.</exception>
    public static string Numbers(string path)
    {
        LibC.statx_buffer buffer = default;
        if (LibC.statx(LibC.AT_FDCWD, path, 0, LibC.STATX_BASIC_STATS, ref buffer) < 0)
        {
            throw LinuxException.FromLastError($"stat {path}");
        }

        return (FileType)(buffer.stx_mode & FileStatus.TypeMask) == FileType.BlockDevice
            ? $"{buffer.stx_rdev_major}:{buffer.stx_rdev_minor}"
            : throw new IOException($"{path} is no block device.");
    }
}
