using Noded.Api.Validation;

namespace Noded.Api.Tests.Validation;

public sealed class NameRulesTests
{
    [Theory]
    [InlineData("a", 0)]
    [InlineData("a-1", 0)]
    [InlineData("", 1)]
    [InlineData("A", 1)]
    [InlineData("-a", 1)]
    [InlineData("a-", 1)]
    [InlineData("a.b", 1)]
    [InlineData("a\n", 1)]
    public void Dns1123Label_Value_BreaksSoMany(string value, int broken) =>
        Assert.Equal(broken, NameRules.Dns1123Label(value).Count());

    [Fact]
    public void Dns1123_Lengths_AreBounded()
    {
        Assert.Empty(NameRules.Dns1123Label(new string('a', 63)));
        Assert.Equal(["must be no more than 63 bytes"], NameRules.Dns1123Label(new string('a', 64)));
        Assert.Equal(["must be no more than 253 bytes"], NameRules.Dns1123Subdomain(new string('a', 254)));
    }

    [Theory]
    [InlineData("app", 0)]
    [InlineData("app.kubernetes.io/name", 0)]
    [InlineData("A_b.c", 0)]
    [InlineData("", 2)]
    [InlineData("/name", 1)]
    [InlineData("a/", 2)]
    [InlineData("a/b/c", 1)]
    [InlineData("Example.com/name", 1)]
    [InlineData("a b", 1)]
    public void QualifiedName_Value_BreaksSoMany(string value, int broken) =>
        Assert.Equal(broken, NameRules.QualifiedName(value).Count());

    [Theory]
    [InlineData("http", 0)]
    [InlineData("a", 0)]
    [InlineData("8080", 1)]
    [InlineData("Http", 1)]
    [InlineData("a--b", 1)]
    [InlineData("-a", 1)]
    [InlineData("sixteen-letters-", 2)]
    public void PortName_Value_BreaksSoMany(string value, int broken) =>
        Assert.Equal(broken, NameRules.PortName(value).Count());

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("2001:DB8::1", true)]
    [InlineData("10.0.0.01", false)]
    [InlineData("10.1", false)]
    [InlineData("1", false)]
    [InlineData("[::1]", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("", false)]
    public void IsAddress_Value_IsWholeAndPlain(string value, bool expected) =>
        Assert.Equal(expected, AddressRules.IsAddress(value));
}
