using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>What kind of thing a path leads to; the kernel's S_IFMT.</summary>
public enum FileType
{
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>Kind, permissions, owner and identity of a file.</summary>
/// <param name="Mode">The permissions with setuid, setgid and sticky bit.</param>
public readonly record struct FileStatus(FileType Type, uint Mode, uint Owner, uint Group, ulong Device, ulong Inode)
{
    internal const uint TypeMask = 0xF000;

    /// <summary>Follows symbolic links; null when there is nothing at their end.</summary>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static FileStatus? TryRead(string path)
    {
        LibC.statx_buffer buffer = default;
        if (LibC.statx(LibC.AT_FDCWD, path, 0, LibC.STATX_BASIC_STATS, ref buffer) == 0)
        {
            return From(buffer);
        }

        LinuxException failure = LinuxException.FromLastError($"stat {path}");
        return failure.Errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw failure;
    }

    internal static FileStatus Read(SafeFd file, string name)
    {
        LibC.statx_buffer buffer = default;
        return LibC.statx(file.Value, string.Empty, LibC.AT_EMPTY_PATH, LibC.STATX_BASIC_STATS, ref buffer) == 0
            ? From(buffer)
            : throw LinuxException.FromLastError($"stat {name}");
    }

    private static FileStatus From(in LibC.statx_buffer buffer) => new(
        (FileType)(buffer.stx_mode & TypeMask),
        buffer.stx_mode & ~TypeMask,
        buffer.stx_uid,
        buffer.stx_gid,
        ((ulong)buffer.stx_dev_major << 32) | buffer.stx_dev_minor,
        buffer.stx_ino);
}
