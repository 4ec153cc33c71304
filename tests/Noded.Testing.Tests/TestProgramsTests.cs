using Xunit.Sdk;

namespace Noded.Testing.Tests;

public sealed class TestProgramsTests
{
    [Fact]
    public void TryFind_OnThePath_GivesTheAbsolutePath() =>
        Assert.Equal("/bin/sh", TestPrograms.TryFind("sh", "/nowhere:/bin"));

    [Fact]
    public void TryFind_NotInstalled_IsNull() => Assert.Null(TestPrograms.TryFind("no-such-program"));

    [Fact]
    public void TryFind_NotExecutable_IsNull() => Assert.Null(TestPrograms.TryFind("passwd", "/etc"));

    [Fact]
    public void Program_NotInstalled_SkipsAndNamesIt()
    {
        string? reason = null;

        // Not Assert.Throws: it lets this one exception pass, and the test would be skipped.
        try
        {
            Requires.Program("sh", "no-such-program");
        }
        catch (SkipException e)
        {
            reason = e.Message;
        }

        Assert.Contains("no-such-program", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_FromTheTestBinary_IsTheDirectoryOfTheSolution() =>
        Assert.True(File.Exists(Path.Combine(RepositoryRoot.Find(), "Node.sln")));

    [Theory]
    [InlineData(null, "/r/artifacts/publish/noded/noded")]
    [InlineData("", "/r/artifacts/publish/noded/noded")]
    [InlineData("/opt/noded", "/opt/noded")]
    public void Locate_NamedOrNot_PrefersTheName(string? named, string expected) =>
        Assert.Equal(expected, PublishedBinary.Locate(named, "/r"));
}
