using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.RuntimeClasses;
using Noded.Kubelet.Pods;
using Noded.Linux.Files;

namespace Noded.Kubelet.Sources;

/// <summary>
/// The RuntimeClasses of a node without an API server: a directory of manifests, of each file its last good version. Of
/// two classes of one name that of the first file counts.
/// </summary>
internal sealed class RuntimeClassFolder(string directory) : IRuntimeClasses
{
    private const ulong MaxLength = 10 * 1024 * 1024;

    private readonly SortedDictionary<string, (byte[] Content, RuntimeClassManifest Good)> _files = new(StringComparer.Ordinal);
    private volatile ImmutableDictionary<string, V1RuntimeClass> _classes = ImmutableDictionary<string, V1RuntimeClass>.Empty;

    internal string Location => directory;

    /// <summary>What is wrong with the files as they are now, one line each.</summary>
    internal ImmutableArray<string> Errors { get; private set; } = [];

    public V1RuntimeClass? TryGet(string name) => _classes.GetValueOrDefault(name);

    /// <summary>Reads every file.</summary>
    /// <returns>Whether a file says something else than before.</returns>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    internal bool Refresh()
    {
        List<string> errors = [];
        bool isChanged = false;
        string[] present = !Directory.Exists(directory)
            ? []
            : [.. Directory.GetFiles(directory).Where(path => !Path.GetFileName(path).StartsWith('.'))];
        foreach (string gone in _files.Keys.Except(present).ToArray())
        {
            isChanged |= _files.Remove(gone);
        }

        foreach (string path in present.Order(StringComparer.Ordinal))
        {
            isChanged |= Read(path, errors);
        }

        Errors = [.. errors];
        if (isChanged)
        {
            _classes = _files.Values.SelectMany(file => file.Good.Classes)
                .DistinctBy(read => read.Metadata.Name)
                .ToImmutableDictionary(read => read.Metadata.Name);
        }

        return isChanged;
    }

    private bool Read(string path, List<string> errors)
    {
        // Opening a pipe would wait for a writer, and reading a device might never end.
        if (FileStamp.TryRead(path) is not { IsRegular: true, Length: <= MaxLength })
        {
            errors.Add($"{path}:1: not a regular file of at most {MaxLength} bytes");
            return false;
        }

        try
        {
            byte[] content = File.ReadAllBytes(path);
            if (_files.TryGetValue(path, out (byte[] Content, RuntimeClassManifest Good) known)
                && known.Content.AsSpan().SequenceEqual(content))
            {
                return false;
            }

            RuntimeClassManifest manifest = RuntimeClassManifestReader.Read(path, content);
            errors.AddRange(manifest.Errors.Select(error => error.ToString()));
            if (!manifest.Errors.IsEmpty)
            {
                return false;
            }

            _files[path] = (content, manifest);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path}:1: {e.Message}");
            return false;
        }
    }
}
