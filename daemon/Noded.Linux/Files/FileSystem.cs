using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>What kind of file system a path is on (statfs(2), linux/magic.h).</summary>
public static class FileSystem
{
    /// <summary>NSFS_MAGIC: the files that stand for namespaces.</summary>
    public const long NamespaceType = 0x6e736673;

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
