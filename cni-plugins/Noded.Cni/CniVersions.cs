namespace Noded.Cni;

/// <summary>The versions' names and what each allows.</summary>
public static class CniVersions
{
    private static readonly string[] Names = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>In ascending order.</summary>
    public static IReadOnlyList<string> Supported => Names;

    public static string Latest => Names[^1];

    /// <summary>The text of a version as configurations and results write it.</summary>
    public static string Name(this CniVersion version) => Names[(int)version];

    /// <exception cref="CniException">We do not speak it.</exception>
    public static CniVersion Parse(string? name)
    {
        int index = Array.IndexOf(Names, name);
        return index >= 0
            ? (CniVersion)index
            : throw new CniException(
                CniErrorCode.IncompatibleVersion,
                "incompatible CNI versions",
                $"config is \"{name}\", plugin supports [{string.Join(' ', Names.Select(known => $"\"{known}\""))}]");
    }
}
