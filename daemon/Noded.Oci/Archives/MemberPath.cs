namespace Noded.Oci.Archives;

/// <summary>Names in an archive as relative paths in one spelling, none of which leads out of it.</summary>
internal static class MemberPath
{
    /// <exception cref="ImageFormatException">The name is absolute, or leaves the archive.</exception>
    public static string Normalize(string file, string name) => Join(file, name, "", name);

    /// <summary>What a symbolic link <paramref name="name"/> to <paramref name="target"/> stands for.</summary>
    /// <exception cref="ImageFormatException">Either is absolute, or leaves the archive.</exception>
    public static string Resolve(string file, string name, string target) =>
        Join(file, name, Path.GetDirectoryName(Normalize(file, name)) ?? "", target);

    private static string Join(string file, string member, string directory, string path)
    {
        if (path.Length == 0 || path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ImageFormatException(file, member, $"'{path}' is not a relative path");
        }

        List<string> parts = [.. directory.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (string part in path.Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                throw new ImageFormatException(file, member, $"'{path}' leads out of the archive");
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
