using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>What a file system has; the available bytes are those that need no privilege.</summary>
public readonly record struct FileSystemUsage(long Bytes, long AvailableBytes, long Inodes, long FreeInodes);

/// <summary>What kind of file system a path is on (statfs(2), linux/magic.h).</summary>
public static class FileSystem
{
    /// <summary>NSFS_MAGIC: the files that stand for namespaces.</summary>
    public const long NamespaceType = 0x6e736673;

    /// <summary>How full the file system is that holds a path.</summary>
    /// <exception cref="LinuxException">There is nothing at the path, or the kernel does not tell.</exception>
    public static FileSystemUsage ReadUsage(string path)
    {
        LibC.statfs_buffer buffer = default;
        return LibC.statfs(path, ref buffer) == 0
            ? new FileSystemUsage(
                (long)buffer.f_blocks * buffer.f_bsize,
                (long)buffer.f_bavail * buffer.f_bsize,
                (long)buffer.f_files,
                (long)buffer.f_ffree)
            : throw LinuxException.FromLastError($"statfs {path}");
    }

    /// <summary>The type's magic number; null when there is nothing at the path.</summary>
    public static long? TryGetType(string path)
    {
        LibC.statfs_buffer buffer = default;

        if (LibC.statfs(path, ref buffer) == 0)
        {
            return buffer.f_type;
        }

        LinuxException failure = LinuxException.FromLastError($"statfs {path}");
        return failure.Errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw failure;
    }
}
