using Noded.Testing;

namespace Noded.Benchmarks.Nodes;

/// <summary>What is measured and where the figures go; the variables serve those who built elsewhere.</summary>
internal sealed record BenchmarkFiles(string Binary, string ImageArchive, string ReportDirectory)
{
    private const string ImageVariable = "NODED_TESTIMAGE";

    /// <exception cref="FileNotFoundException">Something was not built; the message says what builds it.</exception>
    internal static BenchmarkFiles Find()
    {
        string repository = RepositoryRoot.Find();
        return new BenchmarkFiles(
            Existing(PublishedBinary.Variable, Path.Combine(repository, "artifacts/publish/noded/noded"), "make publish"),
            Existing(ImageVariable, Path.Combine(repository, "artifacts/images/testimage.tar"), "make images"),
            ReportsOf(repository));
    }

    /// <summary>For a benchmark that needs nothing that was built beforehand.</summary>
    internal static string FindReportDirectory() => ReportsOf(RepositoryRoot.Find());

    private static string ReportsOf(string repository) => Path.Combine(repository, "artifacts/bench");

    private static string Existing(string variable, string builtPath, string target)
    {
        string path = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named ? named : builtPath;
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"{path} is missing: run `{target}` or set {variable}.");
    }
}
