using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Reads objects: from memory, unless nothing but the store knows the newest.</summary>
internal sealed class ObjectReader(IStore store, ObjectCaches caches)
{
    /// <summary>The newest object of a name.</summary>
    /// <exception cref="ApiStatusException">There is none of that name.</exception>
    public async Task<JsonObject> GetAsync(
        Resource resource, string? ns, string name, CancellationToken cancellationToken) =>
        await FindAsync(resource, ns, name, cancellationToken) is { } found
            ? Decode(resource, found)
            : throw ApiStatusException.NotFound(resource.Definition, name);

    /// <summary>The newest object of a name, as it is kept; null if there is none.</summary>
    public async Task<KeyValue?> FindAsync(
        Resource resource, string? ns, string name, CancellationToken cancellationToken)
    {
        RangeRequest request = new(resource.Key(ns, name), null);
        RangeResult result = await store.RangeAsync(request, cancellationToken);
        return result.KeyValues.FirstOrDefault();
    }

    /// <summary>An object as new as is wanted, as it is kept; null if there is none.</summary>
    /// <exception cref="ApiStatusException">The version asked for does not exist yet.</exception>
    public async Task<KeyValue?> FindAsync(
        Resource resource, string? ns, string name, Freshness freshness, CancellationToken cancellationToken)
    {
        if (freshness is Freshness.Consistent)
        {
            return await FindAsync(resource, ns, name, cancellationToken);
        }

        try
        {
            return (await caches.Of(resource).Objects.FindAsync(resource.Key(ns, name), freshness, cancellationToken))?.Stored;
        }
        catch (FutureRevisionException e)
        {
            throw ApiStatusException.TooLargeRevision(e);
        }
    }

    /// <summary>
    /// An object as memory has it, which may be some milliseconds old; null only if the store has none either.
    /// </summary>
    public async Task<JsonObject?> PeekAsync(
        Resource resource, string? ns, string name, CancellationToken cancellationToken)
    {
        KeyValue? found = await FindAsync(resource, ns, name, new Freshness.Any(), cancellationToken)
            ?? await FindAsync(resource, ns, name, cancellationToken);
        return found is null ? null : Decode(resource, found);
    }

    /// <summary>Objects or a part of them, as they are kept.</summary>
    /// <exception cref="ApiStatusException">The version asked for is too old, does not exist yet, or is no version.</exception>
    public async Task<ObjectPage> PageAsync(
        Resource resource, string? ns, ListOptions options, CancellationToken cancellationToken)
    {
        string scope = resource.Scope(ns);
        ContinueToken? token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue, scope) : null;
        ObjectCache cache = caches.Of(resource);
        SelectionFilter filter = SelectionFilter.Of(resource, ns, options.Selection, cache.Facts.Names);
        CachePageRequest<ObjectFacts> request = new(token?.Start ?? filter.Start, filter.End)
        {
            Limit = options.Limit,
            Matches = filter.Matches,
        };
        try
        {
            CachePage<ObjectFacts> page = await cache.Objects.PageAsync(
                request, token?.Freshness ?? options.Freshness, cancellationToken);
            string? next = page.Next is null ? null : new ContinueToken(page.Revision, page.Next).Encode(scope);
            return new ObjectPage(page.Objects, page.Revision, next, next is null ? null : page.Remaining);
        }
        catch (CompactedException) when (token is not null)
        {
            throw token.ToExpired(scope);
        }
        catch (CompactedException)
        {
            throw ApiStatusException.Expired("The resourceVersion for the provided list is too old.");
        }
        catch (FutureRevisionException e)
        {
            throw ApiStatusException.TooLargeRevision(e);
        }
    }

    /// <summary>As <see cref="PageAsync"/>, but documents.</summary>
    public async Task<ObjectList> ListAsync(
        Resource resource, string? ns, ListOptions options, CancellationToken cancellationToken) =>
        Decode(resource, await PageAsync(resource, ns, options, cancellationToken));

    public static ObjectList Decode(Resource resource, ObjectPage page) =>
        new([.. page.Objects.Select(found => Decode(resource, found.Stored))], page.Revision)
        {
            Continue = page.Continue,
            Remaining = page.Remaining,
        };

    /// <summary>The document of a key, in the version of the resource.</summary>
    public static JsonObject Decode(Resource resource, KeyValue keyValue) =>
        DocumentReader.ReadJson(keyValue.Value.Span).Root is JsonObject document
            ? resource.FromStored(document).WithRevision(keyValue.ModRevision)
            : throw new DocumentException("the store holds no object");
}
