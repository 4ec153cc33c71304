using System.Globalization;
using k8s.Models;

namespace Noded.Api.Pods;

/// <summary>
/// Whether a pod may be on a node by what it requires of the node's labels and name (component-helpers,
/// scheduling/corev1/nodeaffinity).
/// </summary>
public static class NodeSelection
{
    /// <summary>By <c>nodeSelector</c> and by the required part of <c>affinity.nodeAffinity</c>; both have to match.</summary>
    public static bool Matches(V1PodSpec spec, string nodeName, IReadOnlyDictionary<string, string> labels)
    {
        bool isSelected = (spec.NodeSelector ?? new Dictionary<string, string>())
            .All(wanted => labels.TryGetValue(wanted.Key, out string? value) && value == wanted.Value);
        V1NodeSelector? required = spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return isSelected && (required is null || (required.NodeSelectorTerms ?? []).Any(Matches));

        // One that says nothing matches no node, as upstream has it.
        bool Matches(V1NodeSelectorTerm term) =>
            (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 })
            && (term.MatchExpressions ?? []).All(requirement => Holds(requirement, labels.GetValueOrDefault(requirement.Key)))
            && (term.MatchFields ?? []).All(
                requirement => Holds(requirement, requirement.Key == "metadata.name" ? nodeName : null));
    }

    private static bool Holds(V1NodeSelectorRequirement requirement, string? value)
    {
        IList<string> values = requirement.Values ?? [];
        return requirement.OperatorProperty switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is null || !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => Compare(value, values) > 0,
            "Lt" => Compare(value, values) < 0,
            _ => false,
        };
    }

    /// <summary>Null unless both are whole numbers: neither greater nor less.</summary>
    private static int? Compare(string? value, IList<string> values) =>
        values is [string bound]
        && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
        && long.TryParse(bound, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long limit)
            ? number.CompareTo(limit)
            : null;
}
