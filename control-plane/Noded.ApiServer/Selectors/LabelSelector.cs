using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Selectors;

/// <summary>A text that is no selector; the message is upstream's.</summary>
internal sealed class SelectorException(string message) : Exception(message);

/// <summary>What a label must be.</summary>
internal enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>One condition on one label.</summary>
internal sealed record LabelRequirement(string Key, LabelOperator Operator, ImmutableArray<string> Values)
{
    /// <param name="value">The label's; null if the object does not have it.</param>
    public bool Matches(string? value) => Operator switch
    {
        LabelOperator.In => value is not null && Values.Contains(value),
        LabelOperator.NotIn => value is null || !Values.Contains(value),
        LabelOperator.Exists => value is not null,
        LabelOperator.DoesNotExist => value is null,
        _ => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long bound)
            && (Operator == LabelOperator.GreaterThan ? number > bound : number < bound),
    };
}

/// <summary>Conditions on labels, all of which must hold.</summary>
internal sealed record LabelSelector(ImmutableArray<LabelRequirement> Requirements)
{
    public static LabelSelector Everything { get; } = new([]);

    public bool IsEmpty => Requirements.IsEmpty;

    /// <summary>Reads <c>a=b,c!=d,e in (f,g),h notin (i),j,!k</c>.</summary>
    /// <exception cref="SelectorException">It is no selector.</exception>
    public static LabelSelector Parse(string text) =>
        string.IsNullOrWhiteSpace(text) ? Everything : new LabelSelector(new LabelSelectorParser(text).Parse());

    /// <summary>The selector of an API object: <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
    public static LabelSelector Of(JsonObject? selector)
    {
        IEnumerable<LabelRequirement> labels = (selector.Object("matchLabels") ?? [])
            .Select(pair => new LabelRequirement(pair.Key, LabelOperator.In, [pair.Value.AsText() ?? ""]));
        IEnumerable<LabelRequirement> expressions = selector.Objects("matchExpressions").Select(expression =>
            new LabelRequirement(
                expression.Text("key") ?? "",
                expression.Text("operator") switch
                {
                    "In" => LabelOperator.In,
                    "NotIn" => LabelOperator.NotIn,
                    "Exists" => LabelOperator.Exists,
                    _ => LabelOperator.DoesNotExist,
                },
                [.. expression.Texts("values")]));
        return new LabelSelector([.. labels, .. expressions]);
    }

    public bool Matches(JsonObject? labels) =>
        Requirements.All(requirement => requirement.Matches(labels.Text(requirement.Key)));

    /// <summary>As upstream writes it, for tables and the scale subresource.</summary>
    public override string ToString() => string.Join(',', Requirements.Select(Text).Order(StringComparer.Ordinal));

    private static string Text(LabelRequirement requirement) => requirement.Operator switch
    {
        LabelOperator.In when requirement.Values.Length == 1 => $"{requirement.Key}={requirement.Values[0]}",
        LabelOperator.In => $"{requirement.Key} in ({string.Join(',', requirement.Values)})",
        LabelOperator.NotIn when requirement.Values.Length == 1 => $"{requirement.Key}!={requirement.Values[0]}",
        LabelOperator.NotIn => $"{requirement.Key} notin ({string.Join(',', requirement.Values)})",
        LabelOperator.Exists => requirement.Key,
        LabelOperator.DoesNotExist => $"!{requirement.Key}",
        LabelOperator.GreaterThan => $"{requirement.Key}>{requirement.Values[0]}",
        _ => $"{requirement.Key}<{requirement.Values[0]}",
    };
}
