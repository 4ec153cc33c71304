using System.Collections.Immutable;
using Noded.Oci.Wire;

namespace Noded.Oci.Archives;

/// <summary>
/// Finds the images of a docker archive (moby image spec v1.2, <c>manifest.json</c>). Such an archive has no
/// manifests of registries, so one is made for each image.
/// </summary>
internal sealed class DockerArchiveReader(MemberReader reader, MemberBlobs blobs)
{
    internal const string ManifestName = "manifest.json";

    private const int MaxImages = 1024;
    private const int MaxLayers = 512;

    public ImmutableArray<OciImage> Read()
    {
        List<DockerImageDocument> images =
            reader.Parse(ManifestName, reader.ReadDocument(ManifestName), WireJson.DockerImages);

        return images.Count is > 0 and <= MaxImages
            ? [.. images.SelectMany(ReadImage)]
            : throw reader.Complain(ManifestName, $"lists {images.Count} images, not 1 to {MaxImages}");
    }

    /// <summary>One image per name it has; a nameless one is still an image.</summary>
    private IEnumerable<OciImage> ReadImage(DockerImageDocument? document)
    {
        if (document is not { Config: string configMember, Layers: List<string> layerMembers }
            || layerMembers.Count > MaxLayers)
        {
            throw reader.Complain(ManifestName, $"has an image without Config, or without at most {MaxLayers} Layers");
        }

        byte[] configJson = reader.ReadDocument(configMember);
        (Platform platform, ImmutableArray<Digest> diffIds) =
            ConfigReader.Read(reader, configMember, configJson, layerMembers.Count);

        Descriptor config = blobs.AddDocument(MediaTypes.Config, configJson);
        ImmutableArray<Descriptor> layers = [.. layerMembers.Select((member, layer) => ReadLayer(member, diffIds[layer]))];
        Descriptor manifest = blobs.AddDocument(MediaTypes.Manifest, ManifestJson.Write(config, layers));

        OciImage image = new(Reference: null, platform, manifest, config, layers, diffIds, blobs);
        return document.RepoTags is { Count: > 0 } tags ? tags.Select(tag => image with { Reference = Parse(tag) }) : [image];
    }

    private Descriptor ReadLayer(string? member, Digest diffId)
    {
        string name = reader.Normalize(member ?? throw reader.Complain(ManifestName, "has a layer that is null"));
        using Stream content = reader.Open(name);
        bool isGzip = GzipMagic.IsAtStartOf(content);

        Digest unpacked = reader.Hash(name, unpack: isGzip);
        if (unpacked != diffId)
        {
            throw reader.Complain(name, $"has the digest {unpacked}, the config says {diffId}");
        }

        Digest digest = isGzip ? reader.Hash(name, unpack: false) : unpacked;
        blobs.AddMember(digest, name);
        return new Descriptor(isGzip ? MediaTypes.GzipLayer : MediaTypes.Layer, digest, content.Length);
    }

    private ImageReference Parse(string? tag) =>
        ImageReference.TryParse(tag, out ImageReference? reference)
            ? reference
            : throw reader.Complain(ManifestName, $"'{tag}' is not an image reference");
}
