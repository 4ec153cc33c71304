using System.Diagnostics.CodeAnalysis;

namespace Noded.Oci.Archives;

/// <summary>The files of an image archive by their relative path, whether it is a directory or a tar.</summary>
internal interface IArchiveMembers : IDisposable
{
    /// <summary>The directory or file that the archive is, for errors.</summary>
    string File { get; }

    /// <summary>A new stream that knows its length.</summary>
    bool TryOpen(string name, [NotNullWhen(true)] out Stream? content);
}
