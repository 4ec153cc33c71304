using System.IO.Compression;
using Noded.Oci.Archives;
using Noded.Oci.Layers;
using Noded.Oci.Wire;

namespace Noded.Oci;

/// <summary>Writes images as a docker archive (moby image spec v1.2), which <c>docker load</c> and others take.</summary>
public static class DockerArchiveWriter
{
    /// <summary>Writes the images with unpacked layers, as <c>docker save</c> does; the same images give the same bytes.</summary>
    /// <param name="destination">Must be seekable: a layer's length is known only once it is unpacked.</param>
    /// <exception cref="InvalidDataException">A layer does not unpack to what its config says.</exception>
    public static void Write(IReadOnlyList<OciImage> images, Stream destination, CancellationToken cancellationToken)
    {
        if (!destination.CanSeek)
        {
            throw new ArgumentException("a docker archive needs a seekable destination", nameof(destination));
        }

        using ArchiveTar tar = new(destination);

        foreach (OciImage image in images)
        {
            using Stream config = image.Open(image.Config);
            tar.Add(ConfigName(image), config);

            for (int layer = 0; layer < image.Layers.Length; layer++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                AddLayer(tar, image, layer);
            }
        }

        List<DockerImageDocument> manifest = [.. images.Select(image => new DockerImageDocument
        {
            Config = ConfigName(image),
            RepoTags = image.Reference is { Tag: not null } reference ? [reference.ToString()] : [],
            Layers = [.. image.DiffIds.Select(LayerName)],
        })];
        tar.Add(DockerArchiveReader.ManifestName, WireJson.Write(manifest, WireJson.DockerImages));
    }

    private static void AddLayer(ArchiveTar tar, OciImage image, int layer)
    {
        Digest diffId = image.DiffIds[layer];
        using Stream blob = image.Open(image.Layers[layer]);
        using Stream unpacked = MediaTypes.IsGzipLayer(image.Layers[layer].MediaType)
            ? new GZipStream(blob, CompressionMode.Decompress)
            : blob;
        using HashingReader content = new(unpacked);

        if (tar.Add(LayerName(diffId), content) && content.Finish() is Digest actual && actual != diffId)
        {
            throw new InvalidDataException($"layer {image.Layers[layer].Digest} unpacks to {actual}, not to {diffId}");
        }
    }

    private static string ConfigName(OciImage image) => $"{image.Config.Digest.Hex}.json";

    private static string LayerName(Digest diffId) => $"{diffId.Hex}/layer.tar";
}
