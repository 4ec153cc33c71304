using System.Xml.Linq;

namespace Noded.Architecture.Tests.Rules;

/// <summary>Compares project files with ARCHITECTURE.md's table: project, responsibility, may reference.</summary>
internal static class ProjectTable
{
    /// <summary>In the last column: every project of the table.</summary>
    internal const string All = "all";

    /// <summary>In the last column: no project.</summary>
    internal const string None = "–";

    /// <summary>Project path → the project names it may reference.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Parse(string architecture)
    {
        IReadOnlyList<string[]> rows = MarkdownTable.Rows(architecture, "project", "responsibility", "may reference");
        string[] all = [.. rows.Select(row => NameOf(row[0]))];
        return rows.ToDictionary(row => row[0], IReadOnlyList<string> (row) => Allowed(row[2], all));
    }

    /// <summary>References that the table does not allow, projects it does not have, and rows without a project.</summary>
    internal static IEnumerable<string> Findings(
        IReadOnlyDictionary<string, IReadOnlyList<string>> table, IEnumerable<RepositoryFile> projects)
    {
        HashSet<string> seen = [];
        foreach (RepositoryFile project in projects)
        {
            string path = DirectoryOf(project.Path);
            seen.Add(path);
            if (!table.TryGetValue(path, out IReadOnlyList<string>? allowed))
            {
                yield return $"{project.Path}: has no row in ARCHITECTURE.md";
                continue;
            }

            foreach (string stray in References(project.Text).Except(allowed))
            {
                yield return $"{project.Path}: may not reference {stray}";
            }
        }

        foreach (string gone in table.Keys.Except(seen))
        {
            yield return $"ARCHITECTURE.md: there is no project {gone}";
        }
    }

    internal static IEnumerable<string> References(string project) => XDocument.Parse(project)
        .Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    internal static bool AllowsUnsafe(string project) => XDocument.Parse(project)
        .Descendants("AllowUnsafeBlocks")
        .Any(element => element.Value.Trim() == "true");

    internal static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    internal static string DirectoryOf(string path) => path[..path.LastIndexOf('/')];

    private static string[] Allowed(string cell, string[] all) => cell switch
    {
        All => all,
        None => [],
        _ => [.. cell.Split(',').Select(name => "Noded." + name.Trim())],
    };
}
