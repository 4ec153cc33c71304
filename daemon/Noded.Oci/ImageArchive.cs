using System.Collections.Immutable;
using Noded.Oci.Archives;

namespace Noded.Oci;

/// <summary>
/// An OCI layout, as a directory or a tar, or a docker archive, either tar optionally compressed with gzip. Opening
/// finds the images and checks every blob of theirs, so what is in <see cref="Images"/> is whole.
/// </summary>
public sealed class ImageArchive : IDisposable
{
    private readonly IArchiveMembers _members;

    private ImageArchive(IArchiveMembers members, ImmutableArray<OciImage> images) => (_members, Images) = (members, images);

    /// <summary>At least one; their blobs can be read until the archive is disposed.</summary>
    public ImmutableArray<OciImage> Images { get; }

    /// <summary>Opens the archive at <paramref name="path"/>, whichever kind it is.</summary>
    /// <param name="scratchDirectory">Takes an unpacked copy of a compressed archive until it is disposed.</param>
    /// <param name="platform">Which images to take of those built for several platforms; null is this machine's.</param>
    /// <exception cref="ImageFormatException">It is no image archive, or a part is missing, damaged or out of bounds.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ImageArchive Open(
        string path,
        string scratchDirectory,
        Platform? platform = null,
        CancellationToken cancellationToken = default)
    {
        IArchiveMembers members = OpenMembers(path, scratchDirectory, cancellationToken);

        try
        {
            MemberReader reader = new(members, cancellationToken);
            return new ImageArchive(members, FindImages(path, reader, new MemberBlobs(members), platform ?? Platform.Host));
        }
        catch
        {
            members.Dispose();
            throw;
        }
    }

    public void Dispose() => _members.Dispose();

    private static IArchiveMembers OpenMembers(string path, string scratchDirectory, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            return new DirectoryMembers(path);
        }

        FileStream tar = ArchiveFile.Open(path, scratchDirectory, cancellationToken);

        try
        {
            return TarMembers.Read(path, tar, cancellationToken);
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }

    private static ImmutableArray<OciImage> FindImages(string path, MemberReader reader, MemberBlobs blobs, Platform platform)
    {
        // Newer versions of docker save write both; the layout says more.
        if (reader.Has(OciLayoutReader.LayoutName))
        {
            return new OciLayoutReader(reader, blobs, platform).Read();
        }

        return reader.Has(DockerArchiveReader.ManifestName)
            ? new DockerArchiveReader(reader, blobs).Read()
            : throw new ImageFormatException(path, "archive", "is neither an OCI layout nor a docker archive");
    }
}
