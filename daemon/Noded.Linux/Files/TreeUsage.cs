using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>What a directory and everything below it take of their disk.</summary>
/// <param name="Bytes">Blocks that are allocated, as du(1) counts them; a file with several names counts for each.</param>
public readonly record struct TreeUsage(long Bytes, long Inodes)
{
    /// <summary>Bounds the walk over a tree that somebody else makes deeper while it is walked.</summary>
    private const int MaxDepth = 256;

    public static TreeUsage operator +(TreeUsage left, TreeUsage right) => Add(left, right);

    public static TreeUsage Add(TreeUsage left, TreeUsage right) =>
        new(left.Bytes + right.Bytes, left.Inodes + right.Inodes);

    /// <summary>Measures without following symbolic links; nothing for a path that is not there, or gone meanwhile.</summary>
    public static TreeUsage Measure(string path) => Measure(path, 0);

    private static TreeUsage Measure(string path, int depth)
    {
        LibC.statx_buffer buffer = default;
        if (LibC.statx(LibC.AT_FDCWD, path, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, ref buffer) < 0)
        {
            return default;
        }

        TreeUsage usage = new((long)buffer.stx_blocks * 512, 1);
        if ((FileType)(buffer.stx_mode & FileStatus.TypeMask) == FileType.Directory && depth < MaxDepth)
        {
            try
            {
                foreach (string entry in Directory.EnumerateFileSystemEntries(path))
                {
                    usage += Measure(entry, depth + 1);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone, or replaced by something else: what was counted so far is what there was.
            }
        }

        return usage;
    }
}
