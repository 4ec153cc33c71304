using System.Collections.Immutable;
using Noded.Oci.Wire;

namespace Noded.Oci.Archives;

/// <summary>Finds the images of an OCI layout (OCI image-spec, image-layout.md) for one platform.</summary>
internal sealed class OciLayoutReader(MemberReader reader, MemberBlobs blobs, Platform platform)
{
    internal const string IndexName = "index.json";
    internal const string LayoutName = "oci-layout";

    private const int MaxManifests = 1024;
    private const int MaxIndexDepth = 3;
    private const int MaxLayers = 512;

    private readonly HashSet<Digest> _verified = [];

    public ImmutableArray<OciImage> Read()
    {
        LayoutDocument layout = reader.Parse(LayoutName, reader.ReadDocument(LayoutName), WireJson.Layout);
        if (layout.ImageLayoutVersion is not "1.0.0")
        {
            throw reader.Complain(LayoutName, $"has the unknown version '{layout.ImageLayoutVersion}'");
        }

        IndexDocument index = reader.Parse(IndexName, reader.ReadDocument(IndexName), WireJson.Index);
        return [.. ReadIndex(IndexName, index, reference: null, depth: 0)];
    }

    private List<OciImage> ReadIndex(string name, IndexDocument index, ImageReference? reference, int depth)
    {
        List<DescriptorDocument> manifests = index.Manifests ?? throw reader.Complain(name, "has no manifests");
        if (manifests.Count > MaxManifests || depth > MaxIndexDepth)
        {
            throw reader.Complain(name, $"holds more than {MaxManifests} manifests, or indexes {MaxIndexDepth} deep");
        }

        List<OciImage> images = [];
        foreach (DescriptorDocument document in manifests.Where(IsForPlatform))
        {
            Descriptor descriptor = ReadDescriptor(name, document);
            ImageReference? own = FindReference(document) ?? reference;
            string member = Verified(descriptor);

            if (MediaTypes.IsIndex(descriptor.MediaType))
            {
                IndexDocument nested = reader.Parse(member, reader.ReadDocument(member), WireJson.Index);
                images.AddRange(ReadIndex(member, nested, own, depth + 1));
            }
            else if (MediaTypes.IsManifest(descriptor.MediaType))
            {
                images.Add(ReadManifest(descriptor, member, own));
            }
            else
            {
                throw reader.Complain(name, $"lists {descriptor.Digest} of the unknown type '{descriptor.MediaType}'");
            }
        }

        return images.Count > 0 ? images : throw reader.Complain(name, $"has no image for {platform}");
    }

    private OciImage ReadManifest(Descriptor descriptor, string member, ImageReference? reference)
    {
        ManifestDocument manifest = reader.Parse(member, reader.ReadDocument(member), WireJson.Manifest);
        if (manifest is not { Config: DescriptorDocument configDocument, Layers: List<DescriptorDocument> layerDocuments }
            || layerDocuments.Count > MaxLayers)
        {
            throw reader.Complain(member, $"needs a config and at most {MaxLayers} layers");
        }

        Descriptor config = ReadDescriptor(member, configDocument);
        ImmutableArray<Descriptor> layers = [.. layerDocuments.Select(layer => ReadDescriptor(member, layer))];

        if (!MediaTypes.IsConfig(config.MediaType) || layers.Any(layer => !MediaTypes.IsLayer(layer.MediaType)))
        {
            throw reader.Complain(member, "is not the manifest of a container image with plain or gzip layers");
        }

        string configMember = Verified(config);
        (Platform imagePlatform, ImmutableArray<Digest> diffIds) =
            ConfigReader.Read(reader, configMember, reader.ReadDocument(configMember), layers.Length);

        foreach (Descriptor layer in layers)
        {
            Verified(layer);
        }

        return new OciImage(reference, imagePlatform, descriptor, config, layers, diffIds, blobs);
    }

    private bool IsForPlatform(DescriptorDocument document) =>
        document?.Platform is not { Os: string os, Architecture: string architecture }
        || new Platform(os, architecture) == platform;

    private static ImageReference? FindReference(DescriptorDocument document)
    {
        // The OCI annotation often holds a bare tag, which names no image.
        string? name = document.Annotations?.GetValueOrDefault(ImageAnnotations.ContainerdName);
        string? tag = document.Annotations?.GetValueOrDefault(ImageAnnotations.RefName);
        bool isName = tag is not null && tag.AsSpan().ContainsAny(':', '/');
        return ImageReference.TryParse(name ?? (isName ? tag : null), out ImageReference? reference) ? reference : null;
    }

    private Descriptor ReadDescriptor(string name, DescriptorDocument document) =>
        document is { MediaType: string mediaType, Size: >= 0 and long size } && Digest.TryParse(document.Digest, out Digest digest)
            ? new Descriptor(mediaType, digest, size)
            : throw reader.Complain(name, "holds a descriptor without media type, sha256 digest or size");

    private string Verified(Descriptor descriptor)
    {
        string member = $"blobs/sha256/{descriptor.Digest.Hex}";

        if (_verified.Add(descriptor.Digest))
        {
            reader.Verify(descriptor, member);
            blobs.AddMember(descriptor.Digest, member);
        }

        return member;
    }
}
