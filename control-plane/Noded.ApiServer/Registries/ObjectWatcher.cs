using System.Globalization;
using System.Runtime.CompilerServices;

using Noded.ApiServer.Errors;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Tells the changes of objects as they happen.</summary>
internal sealed class ObjectWatcher(ObjectCaches caches)
{
    /// <summary>What a watch tells. It ends when its reader is too slow; watch again after the last version seen.</summary>
    /// <exception cref="ApiStatusException">The version is too old, or does not exist yet.</exception>
    public async IAsyncEnumerable<WatchNotice<ObjectFacts>> WatchAsync(
        Resource resource, string? ns, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectCache cache = caches.Of(resource);
        SelectionFilter filter = SelectionFilter.Of(resource, ns, options.Selection, cache.Facts.Names);
        bool mayIndex = cache.IndexedField is not null && resource.IsStoredVersion;
        CacheWatchRequest<ObjectFacts> request = new(filter.Start, filter.End)
        {
            After = options.After,
            State = options.State,
            TellsState = options.TellsState,
            MarksEndOfState = options.MarksEndOfState,
            Matches = filter.Matches,
            IndexValue = mayIndex ? options.Selection.Fields.Exact(cache.IndexedField!) : null, // there is one
            WantsBookmarks = options.AllowBookmarks,
        };
        IAsyncEnumerator<WatchNotice<ObjectFacts>> notices =
            cache.Objects.WatchAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await NextAsync(notices, options))
            {
                yield return notices.Current;
            }
        }
        finally
        {
            await notices.DisposeAsync();
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<WatchNotice<ObjectFacts>> notices, WatchOptions options)
    {
        try
        {
            return await notices.MoveNextAsync();
        }
        catch (CompactedException e)
        {
            throw ApiStatusException.Expired(string.Create(
                CultureInfo.InvariantCulture, $"too old resource version: {options.After} ({e.CompactRevision})"));
        }
        catch (FutureRevisionException e)
        {
            throw ApiStatusException.TooLargeRevision(e);
        }
    }
}
