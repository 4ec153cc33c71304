using System.Collections.Immutable;
using System.Security.Cryptography;
using Noded.Kubelet.Pods;
using Noded.Linux.Files;
using Noded.Primitives;

namespace Noded.Kubelet.Sources;

/// <summary>A manifest file as it was last read.</summary>
/// <param name="Stamp">Null when it could not be read: it is tried again at every look.</param>
/// <param name="Pods">Of its last good version; none when there never was one.</param>
internal sealed record ManifestFile(
    FileStamp? Stamp, string? ContentHash, ImmutableArray<Pod> Pods, ImmutableArray<string> Errors)
{
    /// <summary>A good version was read once, so its pods are known even if it is bad now.</summary>
    internal bool WasGood { get; init; } = Errors.IsEmpty;
}

/// <summary>Turns a directory into manifests, and manifests into pods.</summary>
internal static class ManifestDirectory
{
    /// <summary>A manifest this large is a mistake; upstream's limit for request bodies.</summary>
    private const long MaxLength = 10 * 1024 * 1024;

    /// <summary>Reads what has changed since <paramref name="before"/>, and returns that same object when nothing has.</summary>
    /// <param name="trustStamps">
    /// Leave files alone that look unchanged. Two changes can fall into one tick of the file system's clock, so this is
    /// for looks that nothing in particular asked for.
    /// </param>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be listed.</exception>
    internal static ImmutableSortedDictionary<string, ManifestFile> Read(
        string directory,
        ImmutableSortedDictionary<string, ManifestFile> before,
        ManifestReader read,
        bool trustStamps)
    {
        ImmutableSortedDictionary<string, ManifestFile> after = before;
        HashSet<string> present = [];
        if (Directory.Exists(directory))
        {
            foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles().Where(IsManifest))
            {
                present.Add(file.FullName);
                ManifestFile? known = before.GetValueOrDefault(file.FullName);
                FileStamp? stamp = FileStamp.TryRead(file.FullName);
                if (known is null || !trustStamps || stamp is null || known.Stamp != stamp)
                {
                    ManifestFile now = Read(file.FullName, stamp, known, read);
                    after = ReferenceEquals(now, known) ? after : after.SetItem(file.FullName, now);
                }
            }
        }

        return after.RemoveRange(before.Keys.Where(path => !present.Contains(path)));
    }

    /// <summary>The files as they are known, each to be read again whatever it looks like.</summary>
    internal static ImmutableSortedDictionary<string, ManifestFile> Unread(
        ImmutableSortedDictionary<string, ManifestFile> files) =>
        files.SetItems(files.Select(
            file => KeyValuePair.Create(file.Key, file.Value with { Stamp = null, ContentHash = null })));

    /// <summary>All pods; a name that two files claim belongs to the first in order, and the other is an error.</summary>
    internal static (ImmutableArray<Pod> Pods, ImmutableArray<string> Errors) Merge(
        ImmutableSortedDictionary<string, ManifestFile> files)
    {
        Dictionary<NamespacedName, (string Path, Pod Pod)> byName = [];
        Dictionary<PodUid, string> byUid = [];
        List<string> errors = [];
        foreach ((string path, ManifestFile file) in files)
        {
            foreach (Pod pod in file.Pods)
            {
                if (byUid.TryGetValue(pod.Uid, out string? other))
                {
                    errors.Add($"{path}:1: metadata.uid: Duplicate value: \"{pod.Uid}\" is a pod of {other} already");
                }
                else if (byName.TryAdd(pod.Name, (path, pod)))
                {
                    byUid[pod.Uid] = path;
                }
                else
                {
                    errors.Add($"{path}:1: metadata.name: Duplicate value: \"{pod.Name}\" is a pod of {byName[pod.Name].Path} already");
                }
            }
        }

        return ([.. byName.Values.Select(entry => entry.Pod)], [.. errors]);
    }

    /// <summary>Hidden files are an editor's or somebody's unfinished business.</summary>
    private static bool IsManifest(FileInfo file) => !file.Name.StartsWith('.');

    private static ManifestFile Read(string path, FileStamp? stamp, ManifestFile? known, ManifestReader read)
    {
        // Opening a pipe would wait for a writer, and reading a device might never end.
        string? refusal = stamp switch
        {
            null => "the file cannot be looked at",
            { IsRegular: false } => "not a regular file",
            { Length: > MaxLength } => $"the file has {stamp.Value.Length} bytes, more than the {MaxLength} allowed",
            _ => null,
        };
        if (refusal is not null)
        {
            return Bad(stamp, known, $"{path}:1: {refusal}");
        }

        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (known?.ContentHash == hash)
            {
                return known.Stamp == stamp ? known : known with { Stamp = stamp };
            }

            ManifestContent content = read(path, bytes);
            return content.Errors.IsEmpty
                ? new ManifestFile(stamp, hash, content.Pods, [])
                : new ManifestFile(stamp, hash, known?.Pods ?? [], content.Errors) { WasGood = known?.WasGood ?? false };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Bad(null, known, $"{path}:1: {e.Message}");
        }
    }

    /// <summary>The file as known, with what is wrong with it now; the same object when that was known too.</summary>
    private static ManifestFile Bad(FileStamp? stamp, ManifestFile? known, string error) =>
        known is { ContentHash: null, Errors: [string same] } && known.Stamp == stamp && same == error
            ? known
            : new ManifestFile(stamp, null, known?.Pods ?? [], [error]) { WasGood = known?.WasGood ?? false };
}
