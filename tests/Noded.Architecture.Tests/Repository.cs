namespace Noded.Architecture.Tests;

/// <summary>A file of the repository: its path below the root, with slashes, and its text.</summary>
internal sealed record RepositoryFile(string Path, string Text);

/// <summary>The checked-out sources, without what a build leaves among them.</summary>
internal static class Repository
{
    private static readonly string[] NotSources = [".git", ".vs", ".idea", "artifacts", "bin", "obj"];

    internal static string Root { get; } = FindRoot();

    /// <summary>Every file's path below the root.</summary>
    internal static IReadOnlyList<string> Paths { get; } = [.. Walk(new DirectoryInfo(Root)).Order(StringComparer.Ordinal)];

    internal static IReadOnlyList<RepositoryFile> CSharp { get; } = [.. Read(".cs")];

    internal static IReadOnlyList<RepositoryFile> Projects { get; } = [.. Read(".csproj")];

    internal static IReadOnlyList<RepositoryFile> Markdown { get; } = [.. Read(".md")];

    internal static bool Exists(string path) =>
        File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    internal static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Fails with one line for each finding.</summary>
    internal static void AssertNone(IEnumerable<string> findings)
    {
        string all = string.Join('\n', findings);
        Assert.True(all.Length == 0, all);
    }

    private static IEnumerable<RepositoryFile> Read(string extension) => Paths
        .Where(path => path.EndsWith(extension, StringComparison.Ordinal))
        .Select(path => new RepositoryFile(path, Text(path)));

    private static IEnumerable<string> Walk(DirectoryInfo directory)
    {
        IEnumerable<string> files = directory.EnumerateFiles()
            .Where(file => file.Name != ".git")
            .Select(file => Path.GetRelativePath(Root, file.FullName));
        IEnumerable<string> below = directory.EnumerateDirectories()
            .Where(child => !NotSources.Contains(child.Name) && child.LinkTarget is null)
            .SelectMany(Walk);
        return files.Concat(below);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Node.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Node.sln in or above {AppContext.BaseDirectory}.");
    }
}
