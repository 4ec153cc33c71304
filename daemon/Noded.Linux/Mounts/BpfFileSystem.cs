using Noded.Linux.Files;
using Noded.Linux.Interop;

namespace Noded.Linux.Mounts;

/// <summary>The file system in which BPF objects are pinned. systemd mounts it; where nobody has, we do.</summary>
public static class BpfFileSystem
{
    /// <summary>Where everybody looks for it.</summary>
    public const string MountPoint = "/sys/fs/bpf";

    /// <summary>BPF_FS_MAGIC of linux/magic.h.</summary>
    private const long Magic = 0xcafe4a11;

    /// <summary>Whether it is there.</summary>
    public static bool IsMounted => FileSystem.TryGetType(MountPoint) == Magic;

    /// <exception cref="LinuxException">The kernel refuses: it has no BPF, or we lack the privilege.</exception>
    public static void MountIt() => Mount.Do(
        "bpf", MountPoint, "bpf", LibC.MS_NOSUID | LibC.MS_NODEV | LibC.MS_NOEXEC, "mode=700", $"mount bpf at {MountPoint}");

    /// <summary>Takes it off the machine, if nothing is pinned in it any more.</summary>
    public static void UnmountIfEmpty()
    {
        if (IsMounted && !Directory.EnumerateFileSystemEntries(MountPoint).Any())
        {
            Mount.Unmount(MountPoint);
        }
    }
}
