using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Noded.Oci.Archives;

/// <summary>Reads members with their bounds: documents up to 4 MiB, blobs in small pieces.</summary>
internal sealed class MemberReader(IArchiveMembers members, CancellationToken cancellationToken)
{
    internal const int MaxDocumentBytes = 4 * 1024 * 1024;

    private readonly byte[] _buffer = new byte[128 * 1024];

    public bool Has(string name)
    {
        bool found = members.TryOpen(Normalize(name), out Stream? content);
        content?.Dispose();
        return found;
    }

    public Stream Open(string name) =>
        members.TryOpen(Normalize(name), out Stream? content) ? content : throw Complain(name, "is missing");

    /// <summary>A name from inside a document in the spelling that <see cref="IArchiveMembers"/> takes.</summary>
    public string Normalize(string name) => MemberPath.Normalize(members.File, name);

    public byte[] ReadDocument(string name)
    {
        using Stream content = Open(name);
        if (content.Length > MaxDocumentBytes)
        {
            throw Complain(name, $"is {content.Length} bytes, more than the {MaxDocumentBytes} of a document");
        }

        byte[] document = new byte[content.Length];
        content.ReadExactly(document);
        return document;
    }

    public T Parse<T>(string name, byte[] document, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(document, type) ?? throw Complain(name, "is null");
        }
        catch (JsonException e)
        {
            throw new ImageFormatException(members.File, name, $"is malformed: {e.Message}", e);
        }
    }

    /// <summary>The digest of a member, or of what it unpacks to.</summary>
    public Digest Hash(string name, bool unpack)
    {
        using Stream content = Open(name);
        using Stream bytes = unpack ? new GZipStream(content, CompressionMode.Decompress) : content;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;

        try
        {
            while (bytes.Read(_buffer) is int read && read > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(_buffer, 0, read);
                total += read;

                if (total > ArchiveFile.MaxUnpackedBytes)
                {
                    throw Complain(name, $"unpacks to more than {ArchiveFile.MaxUnpackedBytes} bytes");
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException(members.File, name, "is damaged gzip", e);
        }

        return Digest.FromHash(hash.GetHashAndReset());
    }

    /// <summary>Checks size and digest of the member that holds a blob.</summary>
    public void Verify(Descriptor descriptor, string name)
    {
        using (Stream content = Open(name))
        {
            if (content.Length != descriptor.Size)
            {
                throw Complain(name, $"is {content.Length} bytes, not {descriptor.Size}");
            }
        }

        Digest actual = Hash(name, unpack: false);
        if (actual != descriptor.Digest)
        {
            throw Complain(name, $"has the digest {actual}");
        }
    }

    public ImageFormatException Complain(string name, string problem) => new(members.File, name, problem);
}
