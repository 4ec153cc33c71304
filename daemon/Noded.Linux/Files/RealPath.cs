using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>A path without symbolic links, as mountinfo shows it.</summary>
public static class RealPath
{
    /// <exception cref="LinuxException">There is nothing at the path.</exception>
    public static string Resolve(string path)
    {
        using SafeFd file = SafeFd.Open(path, LibC.O_PATH);
        return new FileInfo($"/proc/self/fd/{file.Value}").LinkTarget ?? path;
    }
}
