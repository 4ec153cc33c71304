using Noded.Linux.Interop;

namespace Noded.Linux.Mounts;

/// <summary>mount(2) and umount2(2).</summary>
public static class Mount
{
    /// <summary>Takes a mount off the tree now; the kernel frees it once nobody uses it. What is gone already is no error.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Detach(string mountPoint)
    {
        if (LibC.umount2(mountPoint, LibC.MNT_DETACH) < 0)
        {
            LinuxException failure = LinuxException.FromLastError($"umount {mountPoint}");
            if (failure.Errno is not (Errno.EINVAL or Errno.ENOENT))
            {
                throw failure;
            }
        }
    }
}
