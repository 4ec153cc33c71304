using System.Collections.Immutable;
using Noded.Api.Services;
using Noded.Linux.Files;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>What a directory of Service manifests says: of each file its last good version, and what is wrong now.</summary>
internal sealed class ServiceFolder(string directory)
{
    private const ulong MaxLength = 10 * 1024 * 1024;

    private readonly Dictionary<string, ServiceManifest> _good = [];

    /// <summary>One line per error: file, line, field.</summary>
    public ImmutableArray<string> Errors { get; private set; } = [];

    /// <summary>Reads every file.</summary>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    public ImmutableArray<ServiceManifest> Read()
    {
        List<string> errors = [];
        FileInfo[] files =
            [.. new DirectoryInfo(directory).EnumerateFiles().Where(file => !file.Name.StartsWith('.'))];
        foreach (string gone in _good.Keys.Except(files.Select(file => file.FullName)).ToArray())
        {
            _good.Remove(gone);
        }

        foreach (FileInfo file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            string[] wrong = Read(file.FullName);
            errors.AddRange(wrong);
        }

        Errors = [.. errors];
        return [.. _good.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value)];
    }

    private string[] Read(string path)
    {
        // Opening a pipe would wait for a writer, and reading a device might never end.
        if (FileStamp.TryRead(path) is not { IsRegular: true, Length: <= MaxLength })
        {
            return [$"{Path.GetFileName(path)}: not a regular file of at most {MaxLength} bytes"];
        }

        try
        {
            ServiceManifest manifest = ServiceManifestReader.Read(path, File.ReadAllBytes(path));
            if (manifest.Errors.IsEmpty)
            {
                _good[path] = manifest;
            }

            return [.. manifest.Errors.Select(error => error.ToString())];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [$"{Path.GetFileName(path)}: {e.Message}"];
        }
    }
}
