using Noded.Oci.Layers;

namespace Noded.Oci;

/// <summary>Writes one blob beside its final place and moves it there once its digest is known.</summary>
internal sealed class BlobWriter : IDisposable
{
    private readonly BlobDirectory _directory;
    private readonly string _partialPath;

    public BlobWriter(BlobDirectory directory, string partialPath)
    {
        (_directory, _partialPath) = (directory, partialPath);
        Stream = new HashingStream(new FileStream(partialPath, FileMode.CreateNew, FileAccess.Write, FileShare.None));
    }

    public HashingStream Stream { get; }

    /// <summary>What was written; call it once, after the last write.</summary>
    public Descriptor Finish(string mediaType) => new(mediaType, Stream.Finish(), Stream.Count);

    /// <param name="descriptor">What <see cref="Finish"/> returned.</param>
    public void Commit(Descriptor descriptor)
    {
        Stream.Dispose();
        File.Move(_partialPath, _directory.PathOf(descriptor.Digest), overwrite: true);
    }

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_partialPath);
    }
}
