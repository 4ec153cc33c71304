using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Authorization;

/// <summary>What a role allows.</summary>
internal sealed record PolicyRule(
    ImmutableArray<string> Verbs,
    ImmutableArray<string> Groups,
    ImmutableArray<string> Resources,
    ImmutableArray<string> Names,
    ImmutableArray<string> Paths)
{
    public static PolicyRule Of(JsonObject rule) => new(
        [.. rule.Texts("verbs")],
        [.. rule.Texts("apiGroups")],
        [.. rule.Texts("resources")],
        [.. rule.Texts("resourceNames")],
        [.. rule.Texts("nonResourceURLs")]);

    public bool Allows(AccessRequest request)
    {
        if (!Has(Verbs, request.Verb))
        {
            return false;
        }

        if (request.Path is { } path)
        {
            return Paths.Any(pattern => pattern == "*" || pattern == path
                || (pattern.EndsWith('*') && path.StartsWith(pattern[..^1], StringComparison.Ordinal)));
        }

        return Has(Groups, request.Group)
            && (Names.IsEmpty || Names.Contains(request.Name))
            && (Has(Resources, request.FullResource)
                || (request.Subresource.Length > 0 && Resources.Contains($"*/{request.Subresource}")));
    }

    public JsonObject ToJson()
    {
        JsonObject rule = new() { ["verbs"] = Texts(Verbs) };
        Add("apiGroups", Groups);
        Add("resources", Resources);
        Add("resourceNames", Names);
        Add("nonResourceURLs", Paths);
        return rule;

        void Add(string name, ImmutableArray<string> values)
        {
            if (!values.IsEmpty)
            {
                rule[name] = Texts(values);
            }
        }
    }

    private static JsonArray Texts(ImmutableArray<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static bool Has(ImmutableArray<string> values, string value) => values.Contains(value) || values.Contains("*");
}
