using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Sources;

/// <summary>A manifest file as it was last read.</summary>
/// <param name="Pods">Of its last good version; none when there never was one.</param>
internal sealed record ManifestFile(FileStamp Stamp, ImmutableArray<Pod> Pods, ImmutableArray<string> Errors);

/// <summary>Tells whether a file may have changed without reading it.</summary>
internal readonly record struct FileStamp(DateTime WrittenAt, long Length);

/// <summary>Turns a directory into manifests, and manifests into pods.</summary>
internal static class ManifestDirectory
{
    /// <summary>A manifest this large is a mistake; upstream's limit for request bodies.</summary>
    private const long MaxLength = 10 * 1024 * 1024;

    /// <summary>Reads what has changed since <paramref name="before"/>, and returns that same object when nothing has.</summary>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    internal static ImmutableSortedDictionary<string, ManifestFile> Read(
        string directory, ImmutableSortedDictionary<string, ManifestFile> before, ManifestReader read)
    {
        ImmutableSortedDictionary<string, ManifestFile> after = before;
        HashSet<string> present = [];
        if (Directory.Exists(directory))
        {
            foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles().Where(IsManifest))
            {
                present.Add(file.FullName);
                FileStamp stamp = new(file.LastWriteTimeUtc, file.Length);
                if (!before.TryGetValue(file.FullName, out ManifestFile? known) || known.Stamp != stamp)
                {
                    after = after.SetItem(file.FullName, Read(file.FullName, stamp, known, read));
                }
            }
        }

        return after.RemoveRange(before.Keys.Where(path => !present.Contains(path)));
    }

    /// <summary>All pods; a name that two files claim belongs to the first in order, and the other is an error.</summary>
    internal static (ImmutableArray<Pod> Pods, ImmutableArray<string> Errors) Merge(
        ImmutableSortedDictionary<string, ManifestFile> files)
    {
        Dictionary<NamespacedName, (string Path, Pod Pod)> byName = [];
        List<string> errors = [];
        foreach ((string path, ManifestFile file) in files)
        {
            foreach (Pod pod in file.Pods)
            {
                if (!byName.TryAdd(pod.Name, (path, pod)))
                {
                    errors.Add($"{path}:1: metadata.name: Duplicate value: \"{pod.Name}\" is a pod of {byName[pod.Name].Path} already");
                }
            }
        }

        return ([.. byName.Values.Select(entry => entry.Pod)], [.. errors]);
    }

    /// <summary>Hidden files are an editor's or somebody's unfinished business.</summary>
    private static bool IsManifest(FileInfo file) => !file.Name.StartsWith('.');

    private static ManifestFile Read(string path, FileStamp stamp, ManifestFile? known, ManifestReader read)
    {
        ImmutableArray<Pod> lastGood = known?.Pods ?? [];
        if (stamp.Length > MaxLength)
        {
            return new ManifestFile(
                stamp, lastGood, [$"{path}:1: the file has {stamp.Length} bytes, more than the {MaxLength} allowed"]);
        }

        try
        {
            ManifestContent content = read(path, File.ReadAllBytes(path));
            return content.Errors.IsEmpty
                ? new ManifestFile(stamp, content.Pods, [])
                : new ManifestFile(stamp, lastGood, content.Errors);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ManifestFile(stamp, lastGood, [$"{path}:1: {e.Message}"]);
        }
    }
}
