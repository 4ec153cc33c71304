namespace Noded.Oci;

/// <summary>One file of a layer.</summary>
public abstract record LayerEntry
{
    private LayerEntry(string path) => Path = path;

    /// <summary>Where the entry is in the image: absolute, without <c>.</c>, <c>..</c> or a trailing slash.</summary>
    public string Path { get; }

    /// <summary>The twelve permission bits, setuid, setgid and sticky among them.</summary>
    public required UnixFileMode Mode { get; init; }

    public int Uid { get; init; }

    public int Gid { get; init; }

    /// <summary>A regular file whose bytes are read from <paramref name="Source"/> when the image is built.</summary>
    public sealed record HostFile(string Path, string Source) : LayerEntry(Path);

    /// <summary>A regular file with the given bytes.</summary>
    public sealed record InlineFile(string Path, ReadOnlyMemory<byte> Content) : LayerEntry(Path);

    public sealed record Directory(string Path) : LayerEntry(Path);

    /// <summary>A symbolic link; <paramref name="Target"/> is stored as it is, relative or absolute.</summary>
    public sealed record Symlink(string Path, string Target) : LayerEntry(Path);
}
