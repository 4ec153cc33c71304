namespace Noded.Oci.Archives;

/// <summary>RFC 1952, 2.3.1: a gzip member starts with 1f 8b.</summary>
internal static class GzipMagic
{
    /// <summary>Looks at the first bytes and returns to the start.</summary>
    public static bool IsAtStartOf(Stream stream)
    {
        Span<byte> magic = stackalloc byte[2];
        int read = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return read == magic.Length && magic[0] == 0x1f && magic[1] == 0x8b;
    }
}
