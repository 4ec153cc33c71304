using System.Collections.Immutable;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace Noded.Oci.Layers;

/// <summary>Writes a planned layer as a gzip-compressed tar that depends on nothing but the entries.</summary>
internal static class LayerWriter
{
    /// <returns>The compressed blob, and the digest of the tar in it.</returns>
    public static (Descriptor Layer, Digest DiffId) Write(
        ImmutableArray<LayerEntry> plan,
        DateTimeOffset modified,
        BlobDirectory blobs,
        CancellationToken cancellationToken)
    {
        using BlobWriter blob = blobs.Create();
        using HashingStream uncompressed = new(new GZipStream(blob.Stream, CompressionLevel.Optimal, leaveOpen: true));

        using (TarWriter tar = new(uncompressed, TarEntryFormat.Gnu, leaveOpen: true))
        {
            foreach (LayerEntry entry in plan)
            {
                cancellationToken.ThrowIfCancellationRequested();
                WriteEntry(tar, entry, modified);
            }
        }

        Digest diffId = uncompressed.Finish();

        // The gzip trailer is written here; the blob's digest has to include it.
        uncompressed.Dispose();
        return (blob.Commit(MediaTypes.GzipLayer), diffId);
    }

    private static void WriteEntry(TarWriter tar, LayerEntry entry, DateTimeOffset modified)
    {
        string name = entry.Path[1..];

        switch (entry)
        {
            case LayerEntry.Directory:
                tar.WriteEntry(Describe(TarEntryType.Directory, name + "/", entry, modified));
                break;

            case LayerEntry.Symlink { Target: string target }:
                GnuTarEntry link = Describe(TarEntryType.SymbolicLink, name, entry, modified);
                link.LinkName = target;
                tar.WriteEntry(link);
                break;

            case LayerEntry.InlineFile { Content: ReadOnlyMemory<byte> content }:
                using (MemoryStream bytes = new(content.ToArray(), writable: false))
                {
                    WriteFile(tar, name, entry, modified, bytes);
                }

                break;

            case LayerEntry.HostFile { Source: string source }:
                using (FileStream file = new(source, FileMode.Open, FileAccess.Read, FileShare.Read))
                {
                    // A device or pipe has no length to put into the header.
                    if (!file.CanSeek)
                    {
                        throw new IOException($"{source}: is not a regular file");
                    }

                    WriteFile(tar, name, entry, modified, file);
                }

                break;

            default:
                throw new UnreachableException();
        }
    }

    private static void WriteFile(TarWriter tar, string name, LayerEntry entry, DateTimeOffset modified, Stream content)
    {
        GnuTarEntry file = Describe(TarEntryType.RegularFile, name, entry, modified);
        file.DataStream = content;
        tar.WriteEntry(file);
    }

    /// <summary>GNU rather than PAX: it has long names and large numbers, and no access times that would vary.</summary>
    private static GnuTarEntry Describe(TarEntryType type, string name, LayerEntry entry, DateTimeOffset modified) =>
        new(type, name)
        {
            Mode = entry.Mode,
            Uid = entry.Uid,
            Gid = entry.Gid,
            ModificationTime = modified,
        };
}
