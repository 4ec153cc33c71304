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

    public Descriptor Commit(string mediaType)
    {
        Descriptor descriptor = new(mediaType, Stream.Finish(), Stream.Count);
        Stream.Dispose();
        File.Move(_partialPath, _directory.PathOf(descriptor.Digest), overwrite: true);
        return descriptor;
    }

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_partialPath);
    }
}
