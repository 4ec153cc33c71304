using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>
/// Tells whether the file behind a path may have changed without reading it. The time is of the last change of content
/// or inode, which no program can set back, and the inode tells a file from one that was moved into its place.
/// </summary>
/// <param name="ChangedAt">Nanoseconds since 1970, in steps of the kernel's tick.</param>
public readonly record struct FileStamp(ulong Device, ulong Inode, ulong Length, long ChangedAt, bool IsRegular)
{
    private const ushort TypeMask = 0xF000;
    private const ushort Regular = 0x8000;

    /// <summary>Follows symbolic links, as opening the file would; null when there is nothing at their end.</summary>
    public static FileStamp? TryRead(string path)
    {
        LibC.statx_buffer buffer = default;
        if (LibC.statx(LibC.AT_FDCWD, path, 0, LibC.STATX_BASIC_STATS, ref buffer) < 0)
        {
            return null;
        }

        ulong device = ((ulong)buffer.stx_dev_major << 32) | buffer.stx_dev_minor;
        long changedAt = (buffer.stx_ctime_sec * 1_000_000_000) + buffer.stx_ctime_nsec;
        return new FileStamp(
            device, buffer.stx_ino, buffer.stx_size, changedAt, (buffer.stx_mode & TypeMask) == Regular);
    }
}
