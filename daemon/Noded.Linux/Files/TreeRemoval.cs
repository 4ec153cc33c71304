using System.Globalization;
using System.Text;
using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>
/// Removes a tree that others have filled: follows no symbolic link, crosses no mount, takes names of any bytes and
/// directories of any depth.
/// </summary>
public static class TreeRemoval
{
    /// <summary>Deeper directories are moved up first: each level holds a descriptor and a stack frame.</summary>
    private const int MaxDepth = 64;

    /// <summary>Somebody who fills the tree faster than it is emptied is not waited for.</summary>
    private const int MaxPasses = 1000;

    /// <summary>A tree that is not there is removed already.</summary>
    /// <exception cref="LinuxException">Something in it cannot be removed, such as a mount point (EXDEV, EBUSY).</exception>
    public static void Remove(string path)
    {
        int fd = LibC.open(path, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW | LibC.O_CLOEXEC, 0);
        if (fd < 0)
        {
            LinuxException failure = LinuxException.FromLastError($"open {path}");
            if (failure.Errno == Errno.ENOENT)
            {
                return;
            }

            throw failure;
        }

        using SafeFd root = SafeFd.Own(fd, path);
        for (int pass = 0; ; pass++)
        {
            using SafeFd listing = SafeFd.Own(OpenBeneath.Open(root, ".\0"u8, LibC.O_RDONLY | LibC.O_DIRECTORY, 0), $"open {path}");
            Empty(root, 0, listing, path);
            LinuxException? failure = TryUnlink(LibC.AT_FDCWD, OpenBeneath.ToPath(path), LibC.AT_REMOVEDIR, path);
            if (failure is null)
            {
                return;
            }

            if (failure.Errno != Errno.ENOTEMPTY || pass == MaxPasses)
            {
                throw failure;
            }
        }
    }

    private static void Empty(SafeFd root, int depth, SafeFd directory, string path)
    {
        while (DirectoryEntries.ReadNext(directory, path) is { IsEmpty: false } names)
        {
            foreach (byte[] name in names)
            {
                string child = Path.Combine(path, Encoding.UTF8.GetString(name.AsSpan()[..^1]));
                switch (TryUnlink(directory.Value, name, 0, child))
                {
                    case null:
                        break;
                    case { Errno: Errno.EISDIR } when depth == MaxDepth:
                        MoveUp(root, directory, name, child);
                        break;
                    case { Errno: Errno.EISDIR }:
                        RemoveDirectory(root, depth, directory, name, child);
                        break;
                    case { } failure:
                        throw failure;
                }
            }
        }
    }

    private static void RemoveDirectory(SafeFd root, int depth, SafeFd directory, byte[] name, string path)
    {
        int fd = OpenBeneath.Open(
            directory, name, LibC.O_RDONLY | LibC.O_DIRECTORY, LibC.RESOLVE_NO_XDEV | LibC.RESOLVE_NO_SYMLINKS);
        if (fd < 0)
        {
            LinuxException failure = LinuxException.FromLastError($"remove {path}");
            if (failure.Errno == Errno.ENOENT)
            {
                return;
            }

            throw failure.Errno == Errno.EXDEV
                ? new LinuxException($"remove {path}", Errno.EBUSY, "something is mounted there")
                : failure;
        }

        using (SafeFd child = SafeFd.Own(fd, path))
        {
            Empty(root, depth + 1, child, path);
        }

        LinuxException? notRemoved = TryUnlink(directory.Value, name, LibC.AT_REMOVEDIR, path);
        if (notRemoved is not (null or { Errno: Errno.ENOTEMPTY }))
        {
            throw notRemoved;
        }
    }

    /// <summary>Into the root, where the next pass finds it.</summary>
    private static unsafe void MoveUp(SafeFd root, SafeFd directory, byte[] name, string path)
    {
        byte[] target = OpenBeneath.ToPath(".removed-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));
        fixed (byte* from = name, to = target)
        {
            if (LibC.renameat(directory, from, root, to) < 0)
            {
                throw LinuxException.FromLastError($"move {path}");
            }
        }
    }

    /// <summary>Null when it is gone now.</summary>
    private static unsafe LinuxException? TryUnlink(int directory, byte[] name, int flags, string path)
    {
        fixed (byte* start = name)
        {
            if (LibC.unlinkat(directory, start, flags) == 0)
            {
                return null;
            }
        }

        LinuxException failure = LinuxException.FromLastError($"remove {path}");
        return failure.Errno == Errno.ENOENT ? null : failure;
    }
}
