using Noded.Architecture.Tests.Rules;

namespace Noded.Architecture.Tests;

/// <summary>Documents say what the code does.</summary>
public sealed class DocumentTests
{
    private const string Commands = "daemon/Noded/Commands";

    [Fact]
    public void Readme_Verbs_AreTheCommands()
    {
        IEnumerable<string> verbs = Documents.CommandClasses(Repository.Text($"{Commands}/RootCommands.cs"))
            .SelectMany(name => Documents.Verbs(Repository.Text($"{Commands}/{name}.cs")));

        Assert.Equal(verbs.Order(), FirstColumn("README.md", "verb", "does").Order());
    }

    [Fact]
    public void Readme_OptionsOfRun_AreTheCommands()
    {
        IEnumerable<string> options = Documents.Options(Repository.Text($"{Commands}/RunCommand.cs")).Append("--root");

        Assert.Equal(options.Order(), FirstColumn("README.md", "option of run", "default", "meaning").Order());
    }

    [Fact]
    public void Operations_Metrics_AreTheCodes()
    {
        IEnumerable<string> metrics = Repository.CSharp
            .Where(file => file.Path.StartsWith("daemon/", StringComparison.Ordinal)
                || file.Path.StartsWith("control-plane/", StringComparison.Ordinal))
            .SelectMany(file => Documents.Metrics(file.Text));

        Assert.Equal(metrics.Order(), FirstColumn("docs/operations.md", "metric", "type", "meaning").Order());
    }

    [Theory]
    [InlineData("Command command = new(\"run\", \"Run the node\")", "run")]
    [InlineData("Command command = new(\n    \"wait-idle\", \"Wait\")", "wait-idle")]
    [InlineData("Argument<string> pod = new(\"pod\"); Command command = new Command(\"logs\", \"\")", "logs")]
    [InlineData("static Command Create() => new(\"images\", \"\"); Command command = new(\"list\", \"\")", "images list")]
    [InlineData("Command command = new(\"services\", \"\"); Command explain = new(\"explain\", \"\")", "services", "services explain")]
    public void Verbs_OfACommandsFile_AreFound(string code, params string[] expected) =>
        Assert.Equal(expected, Documents.Verbs(code));

    [Fact]
    public void Metrics_OfCode_AreFound() => Assert.Equal(
        ["a_total", "b_seconds"],
        Documents.Metrics("factory.CreateCounter(\n \"a_total\", \"text\"); f.CreateHistogram(\"b_seconds\")"));

    [Fact]
    public void Links_InMarkdown_Resolve() => Repository.AssertNone(
        Repository.Markdown.SelectMany(document => Documents.BrokenLinks(document, Repository.Exists)));

    [Fact]
    public void BrokenLinks_OfADocument_AreTheRelativeOnesThatMiss() => Assert.Equal(
        ["docs/a.md: there is no gone.md", "docs/a.md: there is no ../gone.md#part"],
        Documents.BrokenLinks(
            new("docs/a.md", "[x](gone.md) [y](../gone.md#part) [z](b.md#top) [r](../README.md) [h](https://example.com) [a](#here)\n```\n[c](code.md)\n```\n"),
            path => path is "docs/b.md" or "README.md"));

    [Fact]
    public void Decisions_All_AreNumberedShortAndWhole()
    {
        RepositoryFile[] decisions =
            [.. Repository.Markdown.Where(file => file.Path.StartsWith("docs/decisions/", StringComparison.Ordinal))];

        Assert.NotEmpty(decisions);
        Repository.AssertNone(decisions.SelectMany((file, i) => Documents.DecisionFindings(file, i + 1)));
    }

    [Theory]
    [InlineData("docs/decisions/0001-a.md", "# 1. A\n**Context.** x\n**Decision.** y\n**Consequences.** z\n", 0)]
    [InlineData("docs/decisions/0003-a.md", "# 3. A\n**Context.** x\n**Decision.** y\n**Consequences.** z\n", 2)]
    [InlineData("docs/decisions/0001-a.md", "# 1. A\n**Context.** x\n", 2)]
    public void DecisionFindings_Page_CountsWhatIsWrong(string path, string text, int expected) =>
        Assert.Equal(expected, Documents.DecisionFindings(new(path, text), number: 1).Count());

    [Fact]
    public void Words_OfAWorkplace_AreNowhere() => Repository.AssertNone(Repository.Paths
        .Where(path => !path.EndsWith("packages.lock.json", StringComparison.Ordinal))
        .SelectMany(path => Documents.Forbidden(new(path, Repository.Text(path)))));

    [Theory]
    [InlineData("cd /wor" + "k/tree", 1)]
    [InlineData("https://api.nuget" + ".org/v3", 1)]
    [InlineData("/var/lib/x/work/y and net/work/", 0)]
    public void Forbidden_Text_CountsTheWords(string text, int expected) =>
        Assert.Equal(expected, Documents.Forbidden(new("a.txt", text)).Count());

    /// <summary>What stands in backticks in the first cell of each row.</summary>
    private static IEnumerable<string> FirstColumn(string document, params string[] columns) =>
        MarkdownTable.Rows(Repository.Text(document), columns).Select(row => MarkdownTable.Code(row[0])[0]);
}
