namespace Noded.Oci;

/// <summary>Where an image's blobs are read from: a layout on disk, an archive, memory.</summary>
public interface IBlobSource
{
    /// <summary>A new stream over the blob, readable from any thread while the source lives.</summary>
    /// <exception cref="FileNotFoundException">The source has no such blob.</exception>
    Stream Open(Digest digest);
}
