using System.Collections.Immutable;

namespace Noded.Testing;

/// <summary>
/// Files and directories where a node, its runtime and its plugins keep theirs, and roots of sandboxes. Left out:
/// contents and times of files, what is mounted below (the mount itself is listed), and the directory /run/netns (see
/// <see cref="MountSource"/>).
/// </summary>
internal static class FileSource
{
    private static readonly ImmutableArray<string> Watched =
    [
        "/etc/cni", "/etc/kubernetes", "/opt/cni", "/opt/containerd", "/run/containerd", "/run/netns", "/run/noded",
        "/sys/fs/bpf", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/noded", "/var/log/containers", "/var/log/pods",
    ];

    public static IEnumerable<InventoryItem> Read(ImmutableArray<string> exceptBelow)
    {
        HashSet<string> mountPoints = [.. MountEntry.ReadAll().Select(mount => mount.Path)];

        return Watched
            .Where(Directory.Exists)
            .SelectMany(root => Walk(new DirectoryInfo(root), mountPoints))
            .Concat(new DirectoryInfo("/tmp").EnumerateDirectories().Where(entry => SandboxSetup.IsRootName(entry.Name)))
            .Where(entry => entry.FullName != "/run/netns")
            .Where(entry => !exceptBelow.Any(root => IsBelow(entry.FullName, root)))
            .Select(entry => new InventoryItem($"{Kind(entry)} {entry.FullName}"));
    }

    private static IEnumerable<FileSystemInfo> Walk(DirectoryInfo directory, HashSet<string> mountPoints) =>
        Children(directory)
            .SelectMany(entry => entry is DirectoryInfo { LinkTarget: null } && !mountPoints.Contains(entry.FullName)
                ? Walk((DirectoryInfo)entry, mountPoints)
                : [entry])
            .Prepend(directory);

    private static FileSystemInfo[] Children(DirectoryInfo directory)
    {
        try
        {
            return directory.GetFileSystemInfos();
        }
        catch (DirectoryNotFoundException)
        {
            return []; // Removed while it was walked.
        }
    }

    private static bool IsBelow(string path, string root) =>
        path == root || path.StartsWith(root + "/", StringComparison.Ordinal);

    private static string Kind(FileSystemInfo entry) => entry is DirectoryInfo ? "directory" : "file";
}
