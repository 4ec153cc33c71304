namespace Noded.Oci.Archives;

/// <summary>An archive's blobs: members under their digest, and documents that the reader had to make itself.</summary>
internal sealed class MemberBlobs(IArchiveMembers members) : IBlobSource
{
    private readonly Dictionary<Digest, string> _members = [];
    private readonly Dictionary<Digest, byte[]> _documents = [];

    public void AddMember(Digest digest, string name) => _members[digest] = name;

    public Descriptor AddDocument(string mediaType, byte[] content)
    {
        Digest digest = Digest.Of(content);
        _documents[digest] = content;
        return new Descriptor(mediaType, digest, content.Length);
    }

    public Stream Open(Digest digest)
    {
        if (_documents.TryGetValue(digest, out byte[]? document))
        {
            return new MemoryStream(document, writable: false);
        }

        return _members.TryGetValue(digest, out string? name) && members.TryOpen(name, out Stream? content)
            ? content
            : throw new FileNotFoundException($"{members.File} has no blob {digest}");
    }
}
