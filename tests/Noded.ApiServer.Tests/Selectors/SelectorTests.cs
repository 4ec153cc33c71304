using System.Text.Json.Nodes;

using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Tests.Selectors;

public sealed class SelectorTests
{
    [Theory]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("app!=web", false)]
    [InlineData("app!=db", true)]
    [InlineData("missing!=x", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("app notin (db,web)", false)]
    [InlineData("missing notin (a)", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("!missing", true)]
    [InlineData("size>4", true)]
    [InlineData("size<5", false)]
    [InlineData("app=web,!missing,size", true)]
    [InlineData("app=web,size=6", false)]
    [InlineData("example.com/x=", true)]
    [InlineData("", true)]
    public void Matches_LabelSelector_AsUpstream(string selector, bool expected)
    {
        JsonObject labels = new() { ["app"] = "web", ["size"] = "5", ["example.com/x"] = "" };

        Assert.Equal(expected, LabelSelector.Parse(selector).Matches(labels));
    }

    [Theory]
    [InlineData("app in web")]
    [InlineData("app in (web")]
    [InlineData("app,")]
    [InlineData("=x")]
    [InlineData("app=a b")]
    [InlineData("app=a=b")]
    [InlineData("-app=x")]
    [InlineData("size>big")]
    [InlineData("a like b")]
    public void Parse_NoLabelSelector_IsRefused(string selector) =>
        Assert.Throws<SelectorException>(() => LabelSelector.Parse(selector));

    [Fact]
    public void Parse_FieldSelector_HasItsTerms()
    {
        FieldSelector selector = FieldSelector.Parse(@"metadata.name=a,status.phase!=Running,x==b\,c");

        Assert.Equal(
            [new("metadata.name", true, "a"), new("status.phase", false, "Running"), new("x", true, "b,c")],
            selector.Requirements);
    }

    [Theory]
    [InlineData("metadata.name")]
    [InlineData("=a")]
    [InlineData("!=a")]
    [InlineData(@"a=b\c")]
    public void Parse_NoFieldSelector_IsRefused(string selector) =>
        Assert.Throws<SelectorException>(() => FieldSelector.Parse(selector));
}
