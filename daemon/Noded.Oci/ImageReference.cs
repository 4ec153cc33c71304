using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Noded.Oci;

/// <summary>
/// The full name of an image, spelled the way containerd's CRI looks it up: registry, repository and tag, with
/// Docker's defaults filled in. <c>pause:1</c> is <c>docker.io/library/pause:1</c>.
/// </summary>
/// <remarks>The grammar is that of the distribution project's reference package.</remarks>
public sealed partial record ImageReference
{
    private const int MaxNameLength = 255;
    private const string DefaultRegistry = "docker.io";

    private ImageReference(string registry, string repository, string? tag, Digest? digest) =>
        (Registry, Repository, Tag, Digest) = (registry, repository, tag, digest);

    /// <summary>Host and optional port.</summary>
    public string Registry { get; }

    /// <summary>The path in the registry, without the tag.</summary>
    public string Repository { get; }

    /// <summary>Null only beside a digest.</summary>
    public string? Tag { get; }

    public Digest? Digest { get; }

    /// <exception cref="FormatException">The text is no image name; the message says which.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out ImageReference? reference)
            ? reference
            : throw new FormatException($"'{text}' is not an image reference");

    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        string name = text ?? "";
        Digest? digest = null;

        int at = name.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!Oci.Digest.TryParse(name[(at + 1)..], out Digest parsed))
            {
                return false;
            }

            digest = parsed;
            name = name[..at];
        }

        // A colon before the last slash belongs to the registry's port.
        int colon = name.LastIndexOf(':');
        string? tag = colon > name.LastIndexOf('/') ? name[(colon + 1)..] : null;
        name = tag is null ? name : name[..colon];
        (string registry, string repository) = SplitRegistry(name);

        if (registry.Length + 1 + repository.Length > MaxNameLength
            || !RegistryPattern().IsMatch(registry)
            || !RepositoryPattern().IsMatch(repository)
            || (tag is not null && !TagPattern().IsMatch(tag)))
        {
            return false;
        }

        reference = new ImageReference(registry, repository, tag ?? (digest is null ? "latest" : null), digest);
        return true;
    }

    public override string ToString() =>
        $"{Registry}/{Repository}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";

    /// <summary>The first part is a registry only when it looks like a host: a dot, a port, or localhost.</summary>
    private static (string Registry, string Repository) SplitRegistry(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? "" : name[..slash];
        bool isHost = first == "localhost" || first.AsSpan().ContainsAny('.', ':');

        (string registry, string repository) = isHost ? (first, name[(slash + 1)..]) : (DefaultRegistry, name);
        registry = registry == "index.docker.io" ? DefaultRegistry : registry;
        bool isOfficial = registry == DefaultRegistry && !repository.Contains('/', StringComparison.Ordinal);
        return (registry, isOfficial ? "library/" + repository : repository);
    }

    [GeneratedRegex(@"^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:[0-9]+)?\z")]
    private static partial Regex RegistryPattern();

    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryPattern();

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}\z")]
    private static partial Regex TagPattern();
}
