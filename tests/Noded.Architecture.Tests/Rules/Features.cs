using System.Text.RegularExpressions;

namespace Noded.Architecture.Tests.Rules;

/// <summary>A row of docs/features.md.</summary>
internal sealed record Feature(string Issue, string Name, string ShownBy, string State)
{
    /// <summary>The one partial state that needs no proof, because it says that there is none.</summary>
    internal const string Untested = "partly: test is missing";

    internal bool IsMissing => State == "missing";

    internal bool NeedsProof => !IsMissing && !State.StartsWith(Untested, StringComparison.Ordinal);
}

/// <summary>Compares docs/features.md with the tests and make targets that exist.</summary>
internal static partial class Features
{
    internal static IReadOnlyList<Feature> Parse(string text) =>
    [
        .. MarkdownTable.Rows(text, "Issue", "Feature", "Shown by", "State")
            .Select(row => row.Length == 4
                ? new Feature(row[0], row[1], row[2], row[3])
                : new Feature(row[0], string.Join(" | ", row[1..]), string.Empty, $"a row of {row.Length} cells")),
    ];

    /// <param name="tests">As <c>Class.Method</c>.</param>
    /// <param name="targets">Of the Makefile.</param>
    internal static IEnumerable<string> Findings(
        IReadOnlyList<Feature> features, IReadOnlySet<string> tests, IReadOnlySet<string> targets)
    {
        foreach (Feature twice in features.GroupBy(Identity).SelectMany(same => same.Skip(1)))
        {
            yield return $"{Title(twice)}: there are two such rows";
        }

        foreach (Feature feature in features)
        {
            foreach (string finding in Findings(feature, tests, targets))
            {
                yield return $"{Title(feature)}: {finding}";
            }
        }
    }

    /// <summary>The targets that a Makefile defines.</summary>
    internal static IEnumerable<string> MakeTargets(string makefile) => TargetLine.Matches(makefile)
        .SelectMany(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The targets that a text tells its reader to make.</summary>
    internal static IEnumerable<string> MentionedTargets(string text) =>
        Mention.Matches(text).Select(match => match.Groups[1].Value);

    private static IEnumerable<string> Findings(
        Feature feature, IReadOnlySet<string> tests, IReadOnlySet<string> targets)
    {
        if (!IssueNumber.IsMatch(feature.Issue) || feature.Name.Length == 0)
        {
            yield return "has no issue or no name";
        }

        if (!State.IsMatch(feature.State))
        {
            yield return $"\"{feature.State}\" is no state";
        }

        IReadOnlyList<string> proofs = MarkdownTable.Code(feature.ShownBy);
        if (feature.NeedsProof && proofs.Count == 0)
        {
            yield return $"says {feature.State} and names no test";
        }

        if (!feature.NeedsProof && proofs.Count > 0)
        {
            yield return $"says {feature.State} and names {proofs[0]}";
        }

        foreach (string proof in proofs)
        {
            bool exists = proof.StartsWith("make ", StringComparison.Ordinal)
                ? targets.Contains(proof["make ".Length..].Trim())
                : tests.Contains(proof);
            if (!exists)
            {
                yield return $"there is no {proof}";
            }
        }
    }

    private static (string, string) Identity(Feature feature) => (feature.Issue, feature.Name.ToUpperInvariant());

    private static string Title(Feature feature) => $"docs/features.md, {feature.Issue}, {feature.Name}";

    [GeneratedRegex("^[0-9]+$")]
    private static partial Regex IssueNumber { get; }

    [GeneratedRegex("^(?:works|missing|partly: .+)$")]
    private static partial Regex State { get; }

    [GeneratedRegex(@"^([a-z][a-z0-9 _-]*):(?!=)", RegexOptions.Multiline)]
    private static partial Regex TargetLine { get; }

    [GeneratedRegex(@"\bmake ([a-z][a-z0-9-]*)")]
    private static partial Regex Mention { get; }
}
