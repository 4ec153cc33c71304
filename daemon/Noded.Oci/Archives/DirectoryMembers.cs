using System.Diagnostics.CodeAnalysis;

namespace Noded.Oci.Archives;

/// <summary>The files of an OCI layout directory.</summary>
internal sealed class DirectoryMembers(string directory) : IArchiveMembers
{
    string IArchiveMembers.File => directory;

    /// <exception cref="ImageFormatException">The member is a symbolic link: it could lead out of the layout.</exception>
    public bool TryOpen(string name, [NotNullWhen(true)] out Stream? content)
    {
        FileInfo file = new(Path.Combine(directory, name));

        if (file.LinkTarget is not null)
        {
            throw new ImageFormatException(directory, name, "is a symbolic link");
        }

        content = file.Exists ? file.Open(FileMode.Open, FileAccess.Read, FileShare.Read) : null;
        return content is not null;
    }

    public void Dispose()
    {
    }
}
