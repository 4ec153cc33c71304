namespace Noded.Architecture.Tests.Rules;

/// <summary>Files stay small: 500 lines ask for a reason.</summary>
internal static class FileSizes
{
    internal const int Limit = 500;

    /// <summary>Files that are longer, each with its reason.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Allowed = new Dictionary<string, string>();

    internal static IEnumerable<string> Findings(IEnumerable<RepositoryFile> files) => files
        .Where(file => Lines(file.Text) > Limit && !Allowed.ContainsKey(file.Path))
        .Select(file => $"{file.Path}: {Lines(file.Text)} lines");

    /// <summary>Of the sorted sizes, the one that so many percent do not exceed.</summary>
    internal static int Percentile(IEnumerable<int> sizes, int percent)
    {
        int[] sorted = [.. sizes.Order()];
        return sorted[Math.Max(0, ((sorted.Length * percent) + 99) / 100 - 1)];
    }

    internal static int Lines(string text) => text.Count(character => character == '\n');
}
