using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>The format of https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/.</summary>
public sealed class EnvFileTests
{
    [Theory]
    [InlineData("KEY='value'", "value")]
    [InlineData("  \tKEY='value'  ", "value")]
    [InlineData("# KEY='no'\n\n   \nOTHER='x'\nKEY='value'\nKEY='later'", "value")]
    [InlineData("KEY='value' # a comment", "value")]
    [InlineData("KEY='a # b $C \\n \"d\"'", "a # b $C \\n \"d\"")]
    [InlineData("KEY='one\n  two\n\n# three'\nOTHER='x'", "one\n  two\n\n# three")]
    [InlineData("MULTI='a\nKEY=b'\nKEY='value'", "value")]
    [InlineData("KEY='value'\r\nOTHER='x'\r\n", "value")]
    [InlineData("KEY= 'value'", "")]
    [InlineData("KEY=", "")]
    [InlineData("KEY=''", "")]
    [InlineData("OTHER='x'", null)]
    [InlineData("KEY='value'\nwhat comes after it is not looked at", "value")]
    [InlineData("", null)]
    public void Find_AKey_IsItsValue(string content, string? expected) => Assert.Equal(expected, EnvFile.Find(content, "KEY"));

    [Theory]
    [InlineData("A='1'\nKEY", "line 2: missing '='")]
    [InlineData("='value'", "line 1: empty variable name")]
    [InlineData("KEY ='value'", "line 1: whitespace before '=' is not allowed")]
    [InlineData("KEY=value", "line 1: value must be enclosed in single quotes")]
    [InlineData("KEY=\"value\"", "line 1: value must be enclosed in single quotes")]
    [InlineData("\nKEY='value\n\n", "line 2: unclosed single quote")]
    [InlineData("KEY='a''b'", "line 1: unexpected content after closing quote")]
    [InlineData("KEY='a\nb'$OTHER", "line 2: unexpected content after closing quote")]
    public void Find_LineThatIsNone_IsNamed(string content, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => EnvFile.Find(content, "KEY")).Message);

    [Fact]
    public void Find_RandomText_IsAValueOrALinesNumber()
    {
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            string content = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => "KEY='# \n\t\r\\$a"[random.Next(13)]));
            try
            {
                EnvFile.Find(content, "KEY");
            }
            catch (FormatException e)
            {
                Assert.StartsWith("line ", e.Message, StringComparison.Ordinal);
            }
        }
    }
}
