using System.Buffers;
using System.Security.Cryptography;

namespace Noded.Oci;

/// <summary>Blobs as files <c>blobs/sha256/HEX</c> under <paramref name="root"/>, as in an OCI layout.</summary>
public sealed class BlobDirectory(string root) : IBlobSource
{
    private const int CopyBufferBytes = 128 * 1024;

    /// <summary>Where the blob is or would be.</summary>
    public string PathOf(Digest digest) => Path.Combine(root, "blobs", "sha256", digest.Hex);

    public Stream Open(Digest digest) => new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read);

    /// <summary>Adds a blob of <paramref name="mediaType"/>; the same blob may be there already.</summary>
    public Descriptor Add(string mediaType, ReadOnlySpan<byte> content)
    {
        using BlobWriter writer = Create();
        writer.Stream.Write(content);
        return writer.Commit(mediaType);
    }

    /// <summary>Copies a blob in, checking it against its descriptor.</summary>
    /// <exception cref="InvalidDataException">The content is not what the descriptor says.</exception>
    public void Add(Descriptor descriptor, Stream content, CancellationToken cancellationToken)
    {
        using BlobWriter writer = Create();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBufferBytes);

        try
        {
            while (content.Read(buffer) is int read && read > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                writer.Stream.Write(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Descriptor written = writer.Commit(descriptor.MediaType);
        if (written != descriptor)
        {
            throw new InvalidDataException(
                $"{descriptor.Digest}: content is {written.Size} bytes of {written.Digest}, not {descriptor.Size} bytes");
        }
    }

    /// <summary>A blob whose digest is known only after its last byte; disposed without commit it leaves nothing.</summary>
    internal BlobWriter Create()
    {
        string blobs = Path.Combine(root, "blobs", "sha256");
        Directory.CreateDirectory(blobs);
        return new BlobWriter(this, Path.Combine(root, "blobs", $".partial-{RandomNumberGenerator.GetHexString(16)}"));
    }
}
