using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Which of a kind's objects a request means: a range of keys, and which of those.</summary>
/// <param name="Start">The first key.</param>
/// <param name="End">The key before which to stop.</param>
/// <param name="Matches">Which objects count; null for all.</param>
internal sealed record SelectionFilter(string Start, string End, Func<CachedObject<ObjectFacts>, bool>? Matches)
{
    private const string NameField = "metadata.name";
    private const string NamespaceField = "metadata.namespace";

    /// <param name="resource">What is read.</param>
    /// <param name="ns">Where; null for everywhere.</param>
    /// <param name="selection">Which objects.</param>
    /// <param name="names">The fields that are known of each object, in their order.</param>
    public static SelectionFilter Of(Resource resource, string? ns, Selection selection, ImmutableArray<string> names)
    {
        string? place = ns ?? selection.Fields.Exact(NamespaceField);
        string? name = selection.Fields.Exact(NameField);
        bool isOne = name is not null && (place is not null || !resource.Definition.IsNamespaced);
        string start = isOne ? resource.Key(place, name!) : resource.Scope(place); // one has a name
        string end = isOne ? KeyRange.After(start) : KeyRange.EndOfPrefix(start);
        return new SelectionFilter(start, end, selection.IsAll ? null : Filter(resource, selection, names));
    }

    /// <exception cref="ApiStatusException">The selector names a field that the kind does not offer.</exception>
    public static void CheckFields(Resource resource, FieldSelector selector)
    {
        foreach (FieldRequirement requirement in selector.Requirements)
        {
            bool isKnown = requirement.Field == NameField
                || (requirement.Field == NamespaceField && resource.Definition.IsNamespaced)
                || resource.Strategy.SelectableFields.ContainsKey(requirement.Field);
            if (!isKnown)
            {
                throw ApiStatusException.BadRequest($"field label not supported: {requirement.Field}");
            }
        }
    }

    private static Func<CachedObject<ObjectFacts>, bool> Filter(
        Resource resource, Selection selection, ImmutableArray<string> names)
    {
        LabelSelector labels = selection.Labels;
        Func<CachedObject<ObjectFacts>, bool>[] fields =
            [.. selection.Fields.Requirements.Select(requirement => Filter(resource, requirement, names))];
        return found =>
        {
            foreach (LabelRequirement requirement in labels.Requirements)
            {
                if (!requirement.Matches(found.Facts.Label(requirement.Key)))
                {
                    return false;
                }
            }

            return System.Array.TrueForAll(fields, matches => matches(found));
        };
    }

    private static Func<CachedObject<ObjectFacts>, bool> Filter(
        Resource resource, FieldRequirement requirement, ImmutableArray<string> names)
    {
        int prefix = resource.KeyPrefix.Length;
        switch (requirement.Field)
        {
            case NameField:
                return found => found.Key.AsSpan(found.Key.LastIndexOf('/') + 1).SequenceEqual(requirement.Value)
                    == requirement.IsEqual;
            case NamespaceField:
                return found => found.Key.AsSpan(prefix, found.Key.LastIndexOf('/') - prefix).SequenceEqual(requirement.Value)
                    == requirement.IsEqual;
            case string field when resource.IsStoredVersion:
                int index = names.IndexOf(field);
                return found => found.Facts.Fields[index] == requirement.Value == requirement.IsEqual;
            default:
                // Another version names its fields otherwise than the one that is kept.
                Func<JsonObject, string> value = resource.Strategy.SelectableFields[requirement.Field];
                return found => value(ObjectReader.Decode(resource, found.Stored)) == requirement.Value == requirement.IsEqual;
        }
    }
}
