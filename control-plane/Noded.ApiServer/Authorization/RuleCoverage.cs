using System.Collections.Immutable;

namespace Noded.ApiServer.Authorization;

/// <summary>Whether rules allow everything that others allow (component-helpers, auth/rbac/validation).</summary>
internal static class RuleCoverage
{
    /// <summary>What of some rules others do not allow, as rules, sorted.</summary>
    public static ImmutableArray<PolicyRule> Missing(IReadOnlyCollection<PolicyRule> held, IEnumerable<PolicyRule> wanted) =>
        Compact(wanted.SelectMany(Single).Where(rule => !held.Any(owner => Covers(owner, rule))));

    /// <summary>A rule as upstream writes it in messages.</summary>
    public static string Text(PolicyRule rule)
    {
        string[] parts =
        [
            .. Part("APIGroups", rule.Groups), .. Part("Resources", rule.Resources), .. Part("NonResourceURLs", rule.Paths),
            .. Part("ResourceNames", rule.Names), .. Part("Verbs", rule.Verbs),
        ];
        return $"{{{string.Join(", ", parts)}}}";

        static IEnumerable<string> Part(string name, ImmutableArray<string> values) =>
            values.IsEmpty ? [] : [$"{name}:[{string.Join(' ', values.Select(value => $"\"{value}\""))}]"];
    }

    /// <summary>A rule as several, each of which says one thing.</summary>
    private static IEnumerable<PolicyRule> Single(PolicyRule rule)
    {
        foreach (string verb in rule.Verbs)
        {
            foreach (string path in rule.Paths)
            {
                yield return new PolicyRule([verb], [], [], [], [path]);
            }

            foreach (string group in rule.Groups)
            {
                foreach (string resource in rule.Resources)
                {
                    if (rule.Names.IsEmpty)
                    {
                        yield return new PolicyRule([verb], [group], [resource], [], []);
                    }

                    foreach (string name in rule.Names)
                    {
                        yield return new PolicyRule([verb], [group], [resource], [name], []);
                    }
                }
            }
        }
    }

    private static bool Covers(PolicyRule owner, PolicyRule single)
    {
        if (!Has(owner.Verbs, single.Verbs[0]))
        {
            return false;
        }

        if (!single.Paths.IsEmpty)
        {
            string path = single.Paths[0];
            return owner.Paths.Any(pattern => pattern == path
                || (pattern.EndsWith('*') && path.TrimEnd('*').StartsWith(pattern[..^1], StringComparison.Ordinal)));
        }

        bool hasName = owner.Names.IsEmpty || (!single.Names.IsEmpty && owner.Names.Contains(single.Names[0]));
        return hasName && Has(owner.Groups, single.Groups[0]) && HasResource(owner.Resources, single.Resources[0]);
    }

    private static bool HasResource(ImmutableArray<string> owned, string resource)
    {
        int slash = resource.IndexOf('/', StringComparison.Ordinal);
        return Has(owned, resource) || (slash >= 0 && owned.Contains($"*{resource[slash..]}"));
    }

    private static ImmutableArray<PolicyRule> Compact(IEnumerable<PolicyRule> singles) =>
    [
        .. singles
            .GroupBy(rule => Text(rule with { Verbs = [] }), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.First() with { Verbs = [.. group.SelectMany(rule => rule.Verbs).Distinct()] }),
    ];

    private static bool Has(ImmutableArray<string> values, string value) => values.Contains("*") || values.Contains(value);
}
