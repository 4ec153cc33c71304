using System.Formats.Tar;

namespace Noded.Oci.Archives;

/// <summary>Writes an image archive's tar: root's read-only files of 1970, each name once.</summary>
internal sealed class ArchiveTar(Stream destination) : IDisposable
{
    private const UnixFileMode FileMode =
        UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TarWriter _tar = new(destination, TarEntryFormat.Gnu, leaveOpen: true);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public void Add(string name, byte[] content)
    {
        using MemoryStream stream = new(content, writable: false);
        Add(name, stream);
    }

    /// <returns>False when the name is in the archive already; nothing is read then.</returns>
    public bool Add(string name, Stream content)
    {
        if (!_names.Add(name))
        {
            return false;
        }

        _tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name)
        {
            Mode = FileMode,
            ModificationTime = DateTimeOffset.UnixEpoch,
            DataStream = content,
        });
        return true;
    }

    public void Dispose() => _tar.Dispose();
}
