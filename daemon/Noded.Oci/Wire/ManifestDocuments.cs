using System.Text.Json.Serialization;

namespace Noded.Oci.Wire;

/// <summary>OCI image-spec, descriptor.md.</summary>
internal sealed record DescriptorDocument
{
    public string? MediaType { get; init; }

    public string? Digest { get; init; }

    public long Size { get; init; } = -1;

    public PlatformDocument? Platform { get; init; }

    public SortedDictionary<string, string>? Annotations { get; init; }
}

/// <summary>OCI image-spec, image-index.md, <c>platform</c>.</summary>
internal sealed record PlatformDocument
{
    public string? Architecture { get; init; }

    public string? Os { get; init; }
}

/// <summary>OCI image-spec, manifest.md.</summary>
internal sealed record ManifestDocument
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public DescriptorDocument? Config { get; init; }

    public List<DescriptorDocument>? Layers { get; init; }
}

/// <summary>OCI image-spec, image-index.md; also the layout's <c>index.json</c>.</summary>
internal sealed record IndexDocument
{
    public int SchemaVersion { get; init; }

    public string? MediaType { get; init; }

    public List<DescriptorDocument>? Manifests { get; init; }
}

/// <summary>OCI image-spec, image-layout.md, the file <c>oci-layout</c>.</summary>
internal sealed record LayoutDocument
{
    public string? ImageLayoutVersion { get; init; }
}

/// <summary>One image in <c>manifest.json</c> of a docker archive (moby image spec v1.2); its names start with capitals.</summary>
internal sealed record DockerImageDocument
{
    [JsonPropertyName("Config")]
    public string? Config { get; init; }

    [JsonPropertyName("RepoTags")]
    public List<string>? RepoTags { get; init; }

    [JsonPropertyName("Layers")]
    public List<string>? Layers { get; init; }
}
