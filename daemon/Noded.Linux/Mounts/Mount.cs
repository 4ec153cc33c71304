using System.Globalization;
using Noded.Linux.Files;
using Noded.Linux.Interop;

namespace Noded.Linux.Mounts;

/// <summary>mount(2) and umount2(2).</summary>
public static class Mount
{
    /// <summary>Mounts a file or directory, without what is mounted below it, at a path of the same kind.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Bind(HostileFile source, string mountPoint) =>
        Do(source.Handle, mountPoint, null, LibC.MS_BIND, null, $"bind {source.Path} to {mountPoint}");

    /// <summary>Mounts a file system in memory that holds at most <paramref name="bytes"/>.</summary>
    /// <param name="noSwap">Never in swap; kernels before 6.4 do not know it and refuse (EINVAL).</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Tmpfs(string mountPoint, long bytes, bool noSwap) => Do(
        "tmpfs",
        mountPoint,
        "tmpfs",
        0,
        string.Create(CultureInfo.InvariantCulture, $"size={bytes}{(noSwap ? ",noswap" : "")}"),
        $"mount tmpfs at {mountPoint}");

    /// <summary>Mounts a file system whose files are made of huge pages.</summary>
    /// <param name="pageBytes">The size of one; EINVAL unless the machine has that size.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void HugePages(string mountPoint, long pageBytes) => Do(
        "nodev",
        mountPoint,
        "hugetlbfs",
        0,
        string.Create(CultureInfo.InvariantCulture, $"pagesize={pageBytes}"),
        $"mount hugetlbfs with pages of {pageBytes} bytes at {mountPoint}");

    /// <summary>Takes a mount off the tree unless somebody uses it. What is gone already is no error.</summary>
    /// <exception cref="LinuxException">It is in use (EBUSY), or the kernel refuses.</exception>
    public static void Unmount(string mountPoint) => Unmount(mountPoint, 0);

    /// <summary>Takes a mount off the tree now; the kernel frees it once nobody uses it. What is gone already is no error.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Detach(string mountPoint) => Unmount(mountPoint, LibC.MNT_DETACH);

    internal static void Do(string source, string mountPoint, string? type, nuint flags, string? options, string what)
    {
        if (LibC.mount(source, mountPoint, type, flags, options) < 0)
        {
            throw LinuxException.FromLastError(what);
        }
    }

    private static void Unmount(string mountPoint, int flags)
    {
        if (LibC.umount2(mountPoint, flags) < 0)
        {
            LinuxException failure = LinuxException.FromLastError($"umount {mountPoint}");
            if (failure.Errno is not (Errno.EINVAL or Errno.ENOENT))
            {
                throw failure;
            }
        }
    }
}
