namespace Noded.Oci;

/// <summary>Entries for a directory of this machine and everything below it.</summary>
public static class HostTree
{
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = false,
    };

    /// <summary>
    /// The files, directories and symbolic links below <paramref name="source"/>, to be found at
    /// <paramref name="path"/> in the image, with the modes they have here. Links are kept, not followed.
    /// </summary>
    /// <exception cref="IOException">Something below cannot be read.</exception>
    public static IEnumerable<LayerEntry> Read(string source, string path, int uid, int gid)
    {
        foreach (FileSystemInfo info in new DirectoryInfo(source).EnumerateFileSystemInfos("*", Everything))
        {
            string entryPath = $"{(path == "/" ? "" : path)}/{info.Name}";

            if (info.LinkTarget is string target)
            {
                yield return new LayerEntry.Symlink(entryPath, target) { Mode = (UnixFileMode)0x1FF, Uid = uid, Gid = gid };
            }
            else if (info is DirectoryInfo)
            {
                yield return new LayerEntry.Directory(entryPath) { Mode = info.UnixFileMode, Uid = uid, Gid = gid };

                foreach (LayerEntry below in Read(info.FullName, entryPath, uid, gid))
                {
                    yield return below;
                }
            }
            else
            {
                yield return new LayerEntry.HostFile(entryPath, info.FullName) { Mode = info.UnixFileMode, Uid = uid, Gid = gid };
            }
        }
    }
}
