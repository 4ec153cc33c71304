using System.Collections.Immutable;

namespace Noded.Oci;

/// <summary>
/// One image for one platform: what the builder makes and the reader finds, what the writers and the importer take.
/// The blobs stay where they are; <paramref name="Blobs"/> must outlive this value.
/// </summary>
/// <param name="Reference">Null when the archive does not name its image.</param>
/// <param name="Layers">From the lowest to the highest.</param>
/// <param name="DiffIds">For each layer the digest of its uncompressed tar.</param>
public sealed record OciImage(
    ImageReference? Reference,
    Platform Platform,
    Descriptor Manifest,
    Descriptor Config,
    ImmutableArray<Descriptor> Layers,
    ImmutableArray<Digest> DiffIds,
    IBlobSource Blobs)
{
    /// <summary>Every blob of the image once, what is referred to before what refers to it.</summary>
    public ImmutableArray<Descriptor> Descriptors => [.. Layers.Distinct(), Config, Manifest];

    /// <inheritdoc cref="IBlobSource.Open"/>
    public Stream Open(Descriptor descriptor) => Blobs.Open(descriptor.Digest);
}
