using Xunit;

namespace Noded.Testing;

/// <summary>The NativeAOT binary that end-to-end tests exercise.</summary>
public static class PublishedBinary
{
    /// <summary>Names another binary to test, an absolute path.</summary>
    public const string Variable = "NODED_BINARY";

    /// <summary>The path of an existing binary; skips the calling test when there is none.</summary>
    public static string Path
    {
        get
        {
            string path = Locate(Environment.GetEnvironmentVariable(Variable), RepositoryRoot.Find());
            Assert.SkipUnless(File.Exists(path), $"{path} is missing: publish it with `make publish` or set {Variable}.");
            return path;
        }
    }

    internal static string Locate(string? named, string repository) => string.IsNullOrEmpty(named)
        ? System.IO.Path.Combine(repository, "artifacts/publish/noded/noded")
        : named;
}
