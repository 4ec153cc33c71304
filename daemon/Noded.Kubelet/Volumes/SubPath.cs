using Noded.Linux.Files;

namespace Noded.Kubelet.Volumes;

/// <summary>
/// A part of a volume for a container. Who writes the volume can put a symbolic link anywhere at any time, so the part is
/// opened once, inside the volume, and what was opened is mounted; the runtime never sees its path.
/// </summary>
internal static class SubPath
{
    private const UnixFileMode Private =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    /// <summary>Makes a directory, with the volume's own mode, of a part that is missing.</summary>
    /// <exception cref="IOException">The path leads out of the volume, or the machine refuses.</exception>
    internal static void Create(string volumePath, string subPath)
    {
        using HostileTree volume = HostileTree.Open(volumePath);
        using HostileFile? there = volume.TryOpen(subPath);
        if (there is null)
        {
            volume.MakeDirectories(subPath, volume.Status.Mode);
        }
    }

    /// <summary>Mounts the part at <paramref name="mountPoint"/>, unless it is there already.</summary>
    /// <exception cref="IOException">The path leads out of the volume, or the machine refuses.</exception>
    internal static void Mount(string volumePath, string subPath, string mountPoint, bool isMounted)
    {
        using HostileTree volume = HostileTree.Open(volumePath);
        using HostileFile part = volume.TryOpen(subPath)
            ?? throw new IOException($"{subPath} in {volumePath} is gone.");
        FileStatus wanted = part.Status;
        FileStatus? mounted = isMounted ? FileStatus.TryRead(mountPoint) : null;
        if (mounted is { } there && (there.Device, there.Inode) == (wanted.Device, wanted.Inode))
        {
            return;
        }

        if (isMounted)
        {
            // Another file has taken the name since the container's last run.
            Noded.Linux.Mounts.Mount.Unmount(mountPoint);
        }

        MakeMountPoint(mountPoint, wanted.Type == FileType.Directory);
        Noded.Linux.Mounts.Mount.Bind(part, mountPoint);
    }

    private static void MakeMountPoint(string mountPoint, bool isDirectory)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(mountPoint)!, Private);
        if (isDirectory && File.Exists(mountPoint))
        {
            File.Delete(mountPoint);
        }
        else if (!isDirectory && Directory.Exists(mountPoint))
        {
            Directory.Delete(mountPoint);
        }

        if (isDirectory)
        {
            Directory.CreateDirectory(mountPoint, Private);
        }
        else
        {
            File.WriteAllBytes(mountPoint, []);
        }
    }
}
