using System.Text.RegularExpressions;

namespace Noded.Architecture.Tests.Rules;

/// <summary>Reads the tables of a Markdown text.</summary>
internal static partial class MarkdownTable
{
    /// <summary>The rows of every table that has exactly these column names.</summary>
    internal static IReadOnlyList<string[]> Rows(string text, params string[] columns)
    {
        List<string[]> rows = [];
        bool isOurs = false;
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (!line.StartsWith('|'))
            {
                isOurs = false;
                continue;
            }

            string[] cells = Cells(line);
            if (cells.SequenceEqual(columns))
            {
                isOurs = true;
            }
            else if (isOurs && !cells.All(cell => Rule.IsMatch(cell)))
            {
                rows.Add(cells);
            }
        }

        return rows;
    }

    /// <summary>What stands between backticks in a cell.</summary>
    internal static IReadOnlyList<string> Code(string cell) =>
        [.. CodeSpan.Matches(cell).Select(match => match.Groups[1].Value)];

    private static string[] Cells(string line) =>
        [.. Bar.Split(line.Trim('|')).Select(cell => cell.Trim().Replace("\\|", "|", StringComparison.Ordinal))];

    [GeneratedRegex(@"^:?-+:?$")]
    private static partial Regex Rule { get; }

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar { get; }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan { get; }
}
