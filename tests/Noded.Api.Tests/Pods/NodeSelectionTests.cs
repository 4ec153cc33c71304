using k8s.Models;
using Noded.Api.Pods;

namespace Noded.Api.Tests.Pods;

public sealed class NodeSelectionTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["disk"] = "fast", ["cores"] = "8", ["zone"] = "a" };

    [Theory]
    [InlineData("disk=fast", true)]
    [InlineData("disk=fast,zone=a", true)]
    [InlineData("disk=fast,zone=b", false)]
    [InlineData("rack=", false)]
    public void Matches_NodeSelector_EveryLabelIsTheNodes(string selector, bool expected)
    {
        V1PodSpec spec = new()
        {
            NodeSelector = selector.Split(',').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]),
        };

        Assert.Equal(expected, NodeSelection.Matches(spec, "node1", Labels));
    }

    [Theory]
    [InlineData("disk", "In", "slow,fast", true)]
    [InlineData("disk", "In", "slow", false)]
    [InlineData("rack", "In", "1", false)]
    [InlineData("disk", "NotIn", "slow", true)]
    [InlineData("disk", "NotIn", "fast", false)]
    [InlineData("rack", "NotIn", "1", true)]
    [InlineData("disk", "Exists", "", true)]
    [InlineData("rack", "Exists", "", false)]
    [InlineData("rack", "DoesNotExist", "", true)]
    [InlineData("disk", "DoesNotExist", "", false)]
    [InlineData("cores", "Gt", "7", true)]
    [InlineData("cores", "Gt", "8", false)]
    [InlineData("cores", "Lt", "9", true)]
    [InlineData("cores", "Lt", "8", false)]
    [InlineData("disk", "Gt", "1", false)]
    [InlineData("disk", "Lt", "1", false)]
    [InlineData("rack", "Lt", "1", false)]
    public void Matches_Expression_HoldsForTheNodesLabel(string key, string operation, string values, bool expected) =>
        Assert.Equal(expected, Matches(Term(expressions: [Requirement(key, operation, values)])));

    [Theory]
    [InlineData("In", "node1", true)]
    [InlineData("In", "node2", false)]
    [InlineData("NotIn", "node2", true)]
    [InlineData("NotIn", "node1", false)]
    public void Matches_Field_IsTheNodesName(string operation, string value, bool expected) =>
        Assert.Equal(expected, Matches(Term(fields: [Requirement("metadata.name", operation, value)])));

    [Fact]
    public void Matches_Term_AllOfItHolds()
    {
        V1NodeSelectorRequirement holds = Requirement("disk", "Exists", "");
        V1NodeSelectorRequirement fails = Requirement("rack", "Exists", "");

        Assert.False(Matches(Term(expressions: [holds, fails])));
        Assert.False(Matches(Term(expressions: [holds], fields: [Requirement("metadata.name", "In", "node2")])));
    }

    [Fact]
    public void Matches_SeveralTerms_OneIsEnough() => Assert.True(Matches(
        Term(expressions: [Requirement("rack", "Exists", "")]), Term(expressions: [Requirement("disk", "Exists", "")])));

    [Fact]
    public void Matches_TermThatSaysNothing_MatchesNoNode() => Assert.False(Matches(Term()));

    [Fact]
    public void Matches_SelectorAndAffinity_BothHold()
    {
        V1PodSpec spec = Requiring(Term(expressions: [Requirement("disk", "Exists", "")]));
        spec.NodeSelector = new Dictionary<string, string> { ["zone"] = "b" };

        Assert.False(NodeSelection.Matches(spec, "node1", Labels));
    }

    [Fact]
    public void Matches_OnlyPreferences_AreOfNoConcern()
    {
        V1PodSpec spec = new()
        {
            Affinity = new V1Affinity
            {
                NodeAffinity = new V1NodeAffinity
                {
                    PreferredDuringSchedulingIgnoredDuringExecution =
                        [new V1PreferredSchedulingTerm { Weight = 1, Preference = Term(fields: [Requirement("metadata.name", "In", "node2")]) }],
                },
            },
        };

        Assert.True(NodeSelection.Matches(spec, "node1", Labels));
    }

    private static bool Matches(params IList<V1NodeSelectorTerm> terms) =>
        NodeSelection.Matches(Requiring(terms), "node1", Labels);

    private static V1PodSpec Requiring(params IList<V1NodeSelectorTerm> terms) => new()
    {
        Affinity = new V1Affinity
        {
            NodeAffinity = new V1NodeAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector { NodeSelectorTerms = terms },
            },
        },
    };

    private static V1NodeSelectorTerm Term(
        IList<V1NodeSelectorRequirement>? expressions = null, IList<V1NodeSelectorRequirement>? fields = null) =>
        new() { MatchExpressions = expressions, MatchFields = fields };

    private static V1NodeSelectorRequirement Requirement(string key, string operation, string values) => new()
    {
        Key = key,
        OperatorProperty = operation,
        Values = values.Length == 0 ? null : values.Split(','),
    };
}
