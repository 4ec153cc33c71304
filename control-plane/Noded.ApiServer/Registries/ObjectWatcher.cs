using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

using Noded.ApiServer.Errors;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Tells the changes of objects as they happen.</summary>
internal sealed class ObjectWatcher(IStore store, ObjectReader reader)
{
    internal const string InitialEventsEnd = "k8s.io/initial-events-end";

    /// <summary>
    /// The events of a watch. Bookmarks come where they are allowed and the store says how far it has told everything.
    /// </summary>
    /// <exception cref="ApiStatusException">The revision is too old.</exception>
    public async IAsyncEnumerable<ObjectEvent> WatchAsync(
        Resource resource, string? ns, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long revision = options.Revision;
        if (revision == 0 || options.SendInitialEvents)
        {
            ObjectList list = await reader.ListAsync(resource, ns, new ListOptions(options.Selection), cancellationToken);
            revision = list.Revision;
            foreach (JsonObject item in list.Items)
            {
                yield return new ObjectEvent(ObjectEvent.Added, item);
            }

            if (options.SendInitialEvents && options.AllowBookmarks)
            {
                yield return Bookmark(resource, revision, isEndOfInitialEvents: true);
            }
        }

        WatchRequest request = WatchRequest.OfPrefix(resource.Scope(ns), revision + 1);
        await foreach (WatchBatch batch in BatchesAsync(request, cancellationToken))
        {
            foreach (WatchEvent change in batch.Events)
            {
                if (Event(resource, change, options.Selection) is { } told)
                {
                    yield return told;
                }
            }

            if (batch.Events.IsEmpty && options.AllowBookmarks)
            {
                yield return Bookmark(resource, batch.Revision, isEndOfInitialEvents: false);
            }
        }
    }

    private async IAsyncEnumerable<WatchBatch> BatchesAsync(
        WatchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerator<WatchBatch> batches =
            store.WatchAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await NextAsync(batches, request.Revision))
            {
                yield return batches.Current;
            }
        }
        finally
        {
            await batches.DisposeAsync();
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<WatchBatch> batches, long revision)
    {
        try
        {
            return await batches.MoveNextAsync();
        }
        catch (CompactedException e)
        {
            throw ApiStatusException.Expired(string.Create(
                CultureInfo.InvariantCulture, $"too old resource version: {revision - 1} ({e.CompactRevision})"));
        }
    }

    private static ObjectEvent? Event(Resource resource, WatchEvent change, Selection selection)
    {
        JsonObject? old = change.Previous is { } previous
            ? ObjectReader.Decode(resource, previous.Value.Span, change.Current.ModRevision)
            : null;
        bool wasMeant = old is not null && ObjectReader.Matches(resource, old, selection);
        if (change.IsDelete)
        {
            return wasMeant ? new ObjectEvent(ObjectEvent.Deleted, old!) : null; // what was meant was there
        }

        JsonObject current = ObjectReader.Decode(resource, change.Current);
        bool isMeant = ObjectReader.Matches(resource, current, selection);

        // What was there before may be compacted; then a change is told as one.
        wasMeant |= old is null && change.Current.Version > 1;
        return (wasMeant, isMeant) switch
        {
            (false, true) => new ObjectEvent(ObjectEvent.Added, current),
            (true, true) => new ObjectEvent(ObjectEvent.Modified, current),
            (true, false) when old is not null => new ObjectEvent(ObjectEvent.Deleted, old),
            _ => null,
        };
    }

    private static ObjectEvent Bookmark(Resource resource, long revision, bool isEndOfInitialEvents)
    {
        JsonObject document = new()
        {
            ["kind"] = resource.Definition.Kind,
            ["apiVersion"] = resource.Definition.GroupVersion,
            ["metadata"] = new JsonObject { ["creationTimestamp"] = null },
        };
        if (isEndOfInitialEvents)
        {
            document.Metadata()["annotations"] = new JsonObject { [InitialEventsEnd] = "true" };
        }

        return new ObjectEvent(ObjectEvent.Bookmark, document.WithRevision(revision));
    }
}
