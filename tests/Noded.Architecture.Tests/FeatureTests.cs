using Noded.Architecture.Tests.Rules;

namespace Noded.Architecture.Tests;

/// <summary>docs/features.md promises nothing that no test shows.</summary>
public sealed class FeatureTests
{
    private static readonly IReadOnlySet<string> Tests = new HashSet<string> { "ATests.Do_Now_Works" };
    private static readonly IReadOnlySet<string> Targets = new HashSet<string> { "bench-idle" };

    [Fact]
    public void Features_ThatWork_AreShown()
    {
        IReadOnlyList<Feature> features = Features.Parse(Repository.Text("docs/features.md"));
        HashSet<string> tests = [.. Repository.CSharp
            .Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(file => CSharpText.Tests(file.Text))];
        HashSet<string> targets = [.. Repository.Exists("Makefile")
            ? Features.MakeTargets(Repository.Text("Makefile"))
            : Features.MentionedTargets(Repository.Text("README.md"))];

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(
            ", ", features.GroupBy(feature => feature.State.Split(':')[0]).Select(state => $"{state.Count()} {state.Key}")));
        Assert.NotEmpty(features);
        Repository.AssertNone(Features.Findings(features, tests, targets));
    }

    [Theory]
    [InlineData("| 2 | a | `ATests.Do_Now_Works` | works |")]
    [InlineData("| 2 | a | `make bench-idle`: 12 MiB | works |")]
    [InlineData("| 2 | a | `ATests.Do_Now_Works`, `make bench-idle` | partly: b is missing |")]
    [InlineData("| 2 | a | – | partly: test is missing |")]
    [InlineData("| 2 | a | – | missing |")]
    public void Findings_HonestRow_AreNone(string row) => Assert.Empty(FindingsOf(row));

    [Theory]
    [InlineData("| 2 | a | – | works |", "says works and names no test")]
    [InlineData("| 2 | a | – | partly: b is missing |", "says partly: b is missing and names no test")]
    [InlineData("| 2 | a | `ATests.Gone` | works |", "there is no ATests.Gone")]
    [InlineData("| 2 | a | `make gone` | works |", "there is no make gone")]
    [InlineData("| 2 | a | `ATests.Do_Now_Works` | missing |", "says missing and names ATests.Do_Now_Works")]
    [InlineData("| 2 | a | – | soon |", "\"soon\" is no state")]
    [InlineData("| two | a | – | missing |", "has no issue or no name")]
    [InlineData("| 2 | a | – | missing |\n| 2 | A | – | missing |", "there are two such rows")]
    [InlineData("| 2 | a | b | c | missing |", "\"a row of 5 cells\" is no state")]
    public void Findings_DishonestRow_SayWhatIsWrong(string row, string expected) =>
        Assert.Contains(FindingsOf(row), finding => finding.EndsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void MakeTargets_OfAMakefile_AreItsRules() => Assert.Equal(
        ["help", "test", "test-unit"],
        Features.MakeTargets("OUT := out\nhelp: ## this\n\techo a: b\ntest test-unit: build\nx:=1\n.PHONY: help\n"));

    [Fact]
    public void MentionedTargets_OfAText_AreItsMakes() =>
        Assert.Equal(["run", "test"], Features.MentionedTargets("`make run`, then `make test`"));

    [Fact]
    public void Rows_OfATable_AreCellsWithoutTheRule() => Assert.Equal(
        [["1", "a|b"]],
        MarkdownTable.Rows("text\n\n| n | x |\n| --- | :-: |\n| 1 | a\\|b |\n\n| other | y |\n|---|---|\n| 2 | c |\n", "n", "x"));

    private static IEnumerable<string> FindingsOf(string rows) => Features.Findings(
        Features.Parse($"| Issue | Feature | Shown by | State |\n| --- | --- | --- | --- |\n{rows}\n"), Tests, Targets);
}
