using System.IO.Compression;
using System.Security.Cryptography;

namespace Noded.Oci.Archives;

/// <summary>Opens an archive file so that its members can be read at any position: gzip is unpacked to disk first.</summary>
internal static class ArchiveFile
{
    /// <summary>More than any image that fits a node; what expands beyond it is an attack or a mistake.</summary>
    internal const long MaxUnpackedBytes = 32L * 1024 * 1024 * 1024;

    private const int CopyBufferBytes = 128 * 1024;

    /// <param name="scratchDirectory">Where an unpacked copy may lie while the archive is open.</param>
    public static FileStream Open(string path, string scratchDirectory, CancellationToken cancellationToken)
    {
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);

        if (!GzipMagic.IsAtStartOf(file))
        {
            return file;
        }

        using (file)
        {
            return Unpack(path, file, scratchDirectory, cancellationToken);
        }
    }

    private static FileStream Unpack(string path, FileStream file, string scratchDirectory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(scratchDirectory);
        FileStream unpacked = new(
            Path.Combine(scratchDirectory, $".unpacked-{RandomNumberGenerator.GetHexString(16)}"),
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Options = FileOptions.DeleteOnClose,
            });

        try
        {
            using GZipStream gzip = new(file, CompressionMode.Decompress);
            byte[] buffer = new byte[CopyBufferBytes];

            while (gzip.Read(buffer) is int read && read > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                unpacked.Write(buffer.AsSpan(0, read));

                if (unpacked.Position > MaxUnpackedBytes)
                {
                    throw new ImageFormatException(path, "gzip", $"unpacks to more than {MaxUnpackedBytes} bytes");
                }
            }

            unpacked.Position = 0;
            return unpacked;
        }
        catch (InvalidDataException e)
        {
            unpacked.Dispose();
            throw new ImageFormatException(path, "gzip", "is damaged or cut short", e);
        }
        catch
        {
            unpacked.Dispose();
            throw;
        }
    }
}
