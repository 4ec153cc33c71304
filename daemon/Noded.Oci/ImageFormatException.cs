namespace Noded.Oci;

/// <summary>An image archive is not what it claims to be; the message names the file, the member and what is wrong.</summary>
public sealed class ImageFormatException(string file, string member, string problem, Exception? cause = null)
    : Exception($"{file}: {member}: {problem}", cause)
{
    /// <summary>The part of the archive that is wrong: a path in it or a digest.</summary>
    public string Member { get; } = member;
}
