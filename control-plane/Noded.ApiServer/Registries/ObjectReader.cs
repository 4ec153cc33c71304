using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Selectors;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Reads objects from the store.</summary>
internal sealed class ObjectReader(IStore store)
{
    private const int PageSize = 500;

    private const string TokenExpired =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        + "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        + "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        + "modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    /// <exception cref="ApiStatusException">There is none of that name.</exception>
    public async Task<JsonObject> GetAsync(
        Resource resource, string? ns, string name, CancellationToken cancellationToken) =>
        await FindAsync(resource, ns, name, cancellationToken) is { } found
            ? Decode(resource, found)
            : throw ApiStatusException.NotFound(resource.Definition, name);

    public async Task<KeyValue?> FindAsync(
        Resource resource, string? ns, string name, CancellationToken cancellationToken)
    {
        RangeRequest request = new(resource.Key(ns, name), null);
        RangeResult result = await store.RangeAsync(request, cancellationToken);
        return result.KeyValues.FirstOrDefault();
    }

    public async Task<ObjectList> ListAsync(
        Resource resource, string? ns, ListOptions options, CancellationToken cancellationToken)
    {
        string scope = resource.Scope(ns);
        ContinueToken? token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue, scope) : null;
        try
        {
            return await ReadPagesAsync(resource, scope, token, options, cancellationToken);
        }
        catch (CompactedException) when (token is not null)
        {
            JsonObject details = [];
            string next = new ContinueToken(-1, token.Start).Encode(scope);
            throw new ApiStatusException(410, "Expired", TokenExpired, details) { Continue = next };
        }
        catch (CompactedException)
        {
            throw ApiStatusException.Expired($"The resourceVersion for the provided list is too old.");
        }
        catch (FutureRevisionException)
        {
            throw new ApiStatusException(504, "Timeout", "Timeout: Too large resource version") { RetryAfter = 1 };
        }
    }

    /// <summary>The document of a key, in the version of the resource.</summary>
    public static JsonObject Decode(Resource resource, KeyValue keyValue) =>
        Decode(resource, keyValue.Value.Span, keyValue.ModRevision);

    public static JsonObject Decode(Resource resource, ReadOnlySpan<byte> value, long revision) =>
        DocumentReader.ReadJson(value).Root is JsonObject document
            ? resource.FromStored(document).WithRevision(revision)
            : throw new DocumentException("the store holds no object");

    /// <summary>Whether an object is among those that are meant.</summary>
    public static bool Matches(Resource resource, JsonObject document, Selection selection) =>
        selection.IsAll
        || (selection.Labels.Matches(document.Labels())
            && selection.Fields.Requirements.All(requirement => Matches(resource, document, requirement)));

    /// <exception cref="ApiStatusException">The selector names a field that the kind does not offer.</exception>
    public static void CheckFields(Resource resource, FieldSelector selector)
    {
        foreach (FieldRequirement requirement in selector.Requirements)
        {
            bool isKnown = requirement.Field == "metadata.name"
                || (requirement.Field == "metadata.namespace" && resource.Definition.IsNamespaced)
                || resource.Strategy.SelectableFields.ContainsKey(requirement.Field);
            if (!isKnown)
            {
                throw ApiStatusException.BadRequest($"field label not supported: {requirement.Field}");
            }
        }
    }

    private static bool Matches(Resource resource, JsonObject document, FieldRequirement requirement)
    {
        string value = requirement.Field switch
        {
            "metadata.name" => document.Name(),
            "metadata.namespace" => document.Namespace(),
            _ => resource.Strategy.SelectableFields[requirement.Field](document),
        };
        return value == requirement.Value == requirement.IsEqual;
    }

    private async Task<ObjectList> ReadPagesAsync(
        Resource resource,
        string scope,
        ContinueToken? token,
        ListOptions options,
        CancellationToken cancellationToken)
    {
        ImmutableArray<JsonObject>.Builder items = ImmutableArray.CreateBuilder<JsonObject>();
        string end = KeyRange.EndOfPrefix(scope);
        string start = token?.Start ?? scope;
        long revision = token is { Revision: > 0 } ? token.Revision : options.ExactRevision;
        long told = revision;
        while (true)
        {
            int page = options.Limit == 0 ? 0 : Math.Max(options.Limit - items.Count, options.Selection.IsAll ? 1 : PageSize);
            RangeRequest request = new(start, end) { Revision = revision, Limit = page };
            RangeResult result = await store.RangeAsync(request, cancellationToken);
            told = told == 0 ? result.Revision : told;
            revision = options.Limit == 0 ? revision : told;
            int read = 0;
            foreach (KeyValue keyValue in result.KeyValues)
            {
                read++;
                start = keyValue.Key + "\0";
                JsonObject document = Decode(resource, keyValue);
                if (Matches(resource, document, options.Selection))
                {
                    items.Add(document);
                }

                if (options.Limit > 0 && items.Count == options.Limit)
                {
                    break;
                }
            }

            long rest = result.Count - read;
            if (rest <= 0 || (options.Limit > 0 && items.Count >= options.Limit))
            {
                return new ObjectList(items.ToImmutable(), told)
                {
                    Continue = rest > 0 ? new ContinueToken(told, start).Encode(scope) : null,
                    Remaining = rest > 0 && options.Selection.IsAll ? rest : null,
                };
            }
        }
    }
}
