using System.Text.RegularExpressions;

namespace Noded.Architecture.Tests.Rules;

/// <summary>What documents and code must agree on, and what neither may contain.</summary>
internal static partial class Documents
{
    private const int LinesOfAPage = 60;

    // In pieces, so that this file does not contain them.
    private static readonly string[] ForbiddenWords = ["nuget" + ".org", "deb.debian" + ".org", "security.debian" + ".org"];

    /// <summary>The verbs of a command's file: its own name, unless it only holds others, and one for each sub-verb.</summary>
    internal static IEnumerable<string> Verbs(string text)
    {
        string[] names = [.. CommandName.Matches(text).Select(match => match.Groups[1].Value)];
        bool isGroup = names.Length > 1 && text.Contains("Command Create() => new(", StringComparison.Ordinal);
        return names.Take(isGroup ? 0 : 1).Concat(names.Skip(1).Select(name => $"{names[0]} {name}"));
    }

    /// <summary>The command classes that the root command lists.</summary>
    internal static IEnumerable<string> CommandClasses(string rootCommands) =>
        CommandClass.Matches(rootCommands).Select(match => match.Groups[1].Value);

    /// <summary>The long options that a command's file declares.</summary>
    internal static IEnumerable<string> Options(string text) =>
        OptionName.Matches(text).Select(match => match.Groups[1].Value);

    /// <summary>The metrics that a file of code creates.</summary>
    internal static IEnumerable<string> Metrics(string text) =>
        MetricName.Matches(text).Select(match => match.Groups[1].Value);

    /// <summary>Relative links that lead nowhere.</summary>
    internal static IEnumerable<string> BrokenLinks(RepositoryFile document, Func<string, bool> exists)
    {
        string directory = document.Path.Contains('/', StringComparison.Ordinal) ? ProjectTable.DirectoryOf(document.Path) : ".";
        return Link.Matches(Fence.Replace(document.Text, string.Empty))
            .Select(match => match.Groups[1].Value)
            .Where(link => !link.StartsWith('#') && !link.Contains(':', StringComparison.Ordinal))
            .Where(link => !exists(Path.GetRelativePath("/", Path.GetFullPath(link.Split('#')[0], "/" + directory))))
            .Select(link => $"{document.Path}: there is no {link}");
    }

    /// <summary>What a decision's page lacks: its number in order, its three parts, brevity.</summary>
    internal static IEnumerable<string> DecisionFindings(RepositoryFile page, int number)
    {
        if (!Path.GetFileName(page.Path).StartsWith($"{number:0000}-", StringComparison.Ordinal))
        {
            yield return $"{page.Path}: is number {number}";
        }

        string[] parts = [$"# {number}. ", "**Context.** ", "**Decision.** ", "**Consequences.** "];
        foreach (string part in parts.Where(part => !page.Text.Contains(part, StringComparison.Ordinal)))
        {
            yield return $"{page.Path}: lacks {part}";
        }

        if (FileSizes.Lines(page.Text) > LinesOfAPage)
        {
            yield return $"{page.Path}: is longer than a page";
        }
    }

    /// <summary>Words that tie the sources to one workplace.</summary>
    internal static IEnumerable<string> Forbidden(RepositoryFile file)
    {
        foreach (string word in ForbiddenWords.Where(word => file.Text.Contains(word, StringComparison.OrdinalIgnoreCase)))
        {
            yield return $"{file.Path}: names the host {word}";
        }

        if (WorkplacePath.Match(file.Text) is { Success: true } match)
        {
            yield return $"{file.Path}: names a path of a workplace: {match.Value}";
        }
    }

    [GeneratedRegex("\\bCommand\\s(?:\\w+\\s=|Create\\(\\)\\s=>)\\s*new(?:\\sCommand)?\\(\\s*\"([a-z][a-z-]*)\"")]
    private static partial Regex CommandName { get; }

    [GeneratedRegex(@"\b(\w+Command)\.Create\(\)")]
    private static partial Regex CommandClass { get; }

    [GeneratedRegex("(?:new(?:\\sOption<[^>]+>)?|CommonOptions\\.\\w+)\\(\\s*\"(--[a-z-]+)\"")]
    private static partial Regex OptionName { get; }

    [GeneratedRegex("Create(?:Counter|Gauge|Histogram|Summary)\\(\\s*\"([a-z_]+)\"")]
    private static partial Regex MetricName { get; }

    [GeneratedRegex(@"\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link { get; }

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence { get; }

    [GeneratedRegex(@"(?<![\w.})/~-])/work/[\w./-]*")]
    private static partial Regex WorkplacePath { get; }
}
