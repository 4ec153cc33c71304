using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;

namespace Noded.Oci.Archives;

/// <summary>The files of a tar that lies uncompressed on disk: one pass finds them, then each is read where it is.</summary>
internal sealed class TarMembers : IArchiveMembers
{
    private const int MaxMembers = 100_000;
    private const int MaxLinkDepth = 8;

    private readonly string _file;
    private readonly FileStream _tar;
    private readonly Dictionary<string, (long Start, long Length)> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    private TarMembers(string file, FileStream tar) => (_file, _tar) = (file, tar);

    string IArchiveMembers.File => _file;

    /// <param name="file">The archive's name for errors.</param>
    /// <param name="tar">The tar itself, which the result owns.</param>
    /// <exception cref="ImageFormatException">It is no tar, is cut short, or has a member that leads out of it.</exception>
    public static TarMembers Read(string file, FileStream tar, CancellationToken cancellationToken)
    {
        TarMembers members = new(file, tar);
        using TarReader reader = new(tar, leaveOpen: true);
        string last = "start";

        try
        {
            while (reader.GetNextEntry() is TarEntry entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = entry.Name;
                members.Add(entry);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or OverflowException)
        {
            throw new ImageFormatException(file, $"after {last}", "is not a well-formed tar", e);
        }

        return members;
    }

    public bool TryOpen(string name, [NotNullWhen(true)] out Stream? content)
    {
        for (int depth = 0; depth < MaxLinkDepth && _links.TryGetValue(name, out string? target); depth++)
        {
            name = target;
        }

        content = _files.TryGetValue(name, out (long Start, long Length) slice)
            ? new FileSlice(_tar.SafeFileHandle, slice.Start, slice.Length)
            : null;
        return content is not null;
    }

    public void Dispose() => _tar.Dispose();

    private void Add(TarEntry entry)
    {
        if (_files.Count + _links.Count >= MaxMembers)
        {
            throw new ImageFormatException(_file, entry.Name, $"is one of more than {MaxMembers} members");
        }

        switch (entry.EntryType)
        {
            case TarEntryType.Directory or TarEntryType.DirectoryList or TarEntryType.GlobalExtendedAttributes:
                break;

            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                if (entry.DataOffset + entry.Length > _tar.Length)
                {
                    throw new ImageFormatException(_file, entry.Name, "is cut short");
                }

                _files[MemberPath.Normalize(_file, entry.Name)] = (entry.DataOffset, entry.Length);
                break;

            case TarEntryType.HardLink:
                _links[MemberPath.Normalize(_file, entry.Name)] = MemberPath.Normalize(_file, entry.LinkName);
                break;

            // docker save points layers that occur twice at one file.
            case TarEntryType.SymbolicLink:
                _links[MemberPath.Normalize(_file, entry.Name)] = MemberPath.Resolve(_file, entry.Name, entry.LinkName);
                break;

            default:
                throw new ImageFormatException(_file, entry.Name, $"is a {entry.EntryType}, which no image archive holds");
        }
    }
}
