namespace Noded.Testing;

/// <summary>The programs of the machine that tests may use.</summary>
public static class TestPrograms
{
    // A test started by an unprivileged shell's PATH must still find ip and nft.
    private const string SystemDirectories = "/usr/local/sbin:/usr/sbin:/sbin";

    /// <summary>The program's absolute path, or null when the machine has none of that name.</summary>
    public static string? TryFind(string name) => TryFind(name, Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static string? TryFind(string name, string searchPath) => $"{searchPath}:{SystemDirectories}"
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, name))
        .FirstOrDefault(IsExecutable);

    private static bool IsExecutable(string path) =>
        File.Exists(path) && OperatingSystem.IsLinux() && (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0;
}
