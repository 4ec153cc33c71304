using Noded.Oci.Archives;
using Noded.Oci.Wire;

namespace Noded.Oci;

/// <summary>Writes images as an OCI layout (OCI image-spec, image-layout.md).</summary>
public static class OciLayoutWriter
{
    /// <summary>
    /// Writes a layout into <paramref name="directory"/>, which may be the one the images were built in. Its index
    /// lists exactly <paramref name="images"/>.
    /// </summary>
    public static void WriteDirectory(IReadOnlyList<OciImage> images, string directory, CancellationToken cancellationToken)
    {
        BlobDirectory blobs = new(directory);

        foreach ((OciImage image, Descriptor descriptor) in BlobsOf(images))
        {
            using Stream content = image.Open(descriptor);
            blobs.Add(descriptor, content, cancellationToken);
        }

        File.WriteAllBytes(Path.Combine(directory, OciLayoutReader.LayoutName), LayoutJson());

        // Last: a layout without index is nothing, one with an index is whole.
        File.WriteAllBytes(Path.Combine(directory, OciLayoutReader.IndexName), IndexJson(images));
    }

    /// <summary>Writes a layout as a tar; the same images give the same bytes.</summary>
    public static void WriteArchive(IReadOnlyList<OciImage> images, Stream destination, CancellationToken cancellationToken)
    {
        using ArchiveTar tar = new(destination);
        tar.Add(OciLayoutReader.LayoutName, LayoutJson());
        tar.Add(OciLayoutReader.IndexName, IndexJson(images));

        foreach ((OciImage image, Descriptor descriptor) in BlobsOf(images))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using Stream content = image.Open(descriptor);
            tar.Add($"blobs/sha256/{descriptor.Digest.Hex}", content);
        }
    }

    private static IEnumerable<(OciImage Image, Descriptor Descriptor)> BlobsOf(IReadOnlyList<OciImage> images) =>
        images.SelectMany(image => image.Descriptors, (image, descriptor) => (image, descriptor))
            .DistinctBy(blob => blob.descriptor.Digest);

    private static byte[] LayoutJson() =>
        WireJson.Write(new LayoutDocument { ImageLayoutVersion = "1.0.0" }, WireJson.Layout);

    private static byte[] IndexJson(IReadOnlyList<OciImage> images) => WireJson.Write(
        new IndexDocument
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.Index,
            Manifests = [.. images.Select(DescribeInIndex)],
        },
        WireJson.Index);

    private static DescriptorDocument DescribeInIndex(OciImage image) => ManifestJson.Describe(image.Manifest) with
    {
        Platform = new PlatformDocument { Os = image.Platform.Os, Architecture = image.Platform.Architecture },
        Annotations = image.Reference is not ImageReference reference ? null : new(StringComparer.Ordinal)
        {
            [ImageAnnotations.ContainerdName] = reference.ToString(),
            [ImageAnnotations.RefName] = reference.Tag ?? reference.ToString(),
        },
    };
}
