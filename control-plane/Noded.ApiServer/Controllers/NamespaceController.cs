using System.Text.Json.Nodes;
using System.Threading.Channels;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.Strategies;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Controllers;

/// <summary>
/// Gives every namespace what its pods need, and empties those that shall go: pods first, then everything else, with
/// what still stands in the way in the conditions.
/// </summary>
internal sealed class NamespaceController(
    ResourceTable resources, ObjectReader reader, ObjectWriter objects, ObjectWatcher watcher, NamespaceContent content)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Unbounded: it holds at most a name for each event that a watch has told, and watches wait for nobody.
    private readonly Channel<string> _names = Channel.CreateUnbounded<string>(new() { SingleReader = true });
    // What waits for a change of a namespace's content, of which there is one at most; the loop alone touches it.
    private readonly Dictionary<string, CancellationTokenSource> _waiting = new(StringComparer.Ordinal);
    private readonly Resource _namespaces = resources.Get("", "v1", "namespaces");

    public async Task RunAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        Task[] sources =
        [
            FollowAsync(_namespaces, FieldSelector.Everything, clock, cancellationToken),
            FollowAsync(
                resources.Get("", "v1", "serviceaccounts"),
                FieldSelector.Parse("metadata.name=default"),
                clock,
                cancellationToken),
            FollowAsync(
                resources.Get("", "v1", "configmaps"),
                FieldSelector.Parse($"metadata.name={NamespaceContent.AuthorityName}"),
                clock,
                cancellationToken),
        ];
        await foreach (string name in _names.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await ReconcileAsync(name, clock, cancellationToken);
            }
            catch (Exception e) when (e is ApiStatusException or StoreUnavailableException)
            {
                AgainLater(name, clock, cancellationToken);
            }
        }

        await Task.WhenAll(sources);
    }

    private async Task FollowAsync(
        Resource resource,
        FieldSelector fields,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        WatchOptions options = new(new Selection(LabelSelector.Everything, fields));
        while (true)
        {
            try
            {
                await foreach (WatchNotice<ObjectFacts> notice in watcher.WatchAsync(resource, null, options, cancellationToken))
                {
                    if (notice.Object is { } found)
                    {
                        // The key of a namespace ends in its name; those of others have it next.
                        _names.Writer.TryWrite(found.Key[resource.KeyPrefix.Length..].Split('/')[0]);
                    }
                }
            }
            catch (Exception e) when (e is ApiStatusException or StoreUnavailableException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    private async Task ReconcileAsync(string name, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (_waiting.Remove(name, out CancellationTokenSource? older))
        {
            await older.CancelAsync();
            older.Dispose();
        }

        if (await reader.FindAsync(_namespaces, null, name, cancellationToken) is not { } found)
        {
            return;
        }

        JsonObject ns = ObjectReader.Decode(_namespaces, found);
        if (!ns.IsBeingDeleted())
        {
            await content.EnsureAsync(name, cancellationToken);
            return;
        }

        NamespaceRemainder remainder = await content.DeleteAsync(name, cancellationToken);
        await SetConditionsAsync(name, remainder, clock, cancellationToken);
        if (remainder.IsEmpty)
        {
            await FinalizeAsync(name, cancellationToken);
        }
        else
        {
            CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _waiting[name] = enough;
            _ = AgainAfterChangeAsync(name, remainder, clock, enough.Token);
        }
    }

    /// <summary>Looks again as soon as something of what is left has changed or gone; to look ends the waiting.</summary>
    private async Task AgainAfterChangeAsync(
        string name, NamespaceRemainder remainder, TimeProvider clock, CancellationToken looked)
    {
        Task first = await Task.WhenAny(remainder.Left.Select(left => left.Resource).Distinct()
            .Select(resource => FirstChangeAsync(resource, name, remainder.Revision, looked)));
        if (first.IsCompletedSuccessfully)
        {
            _names.Writer.TryWrite(name);
        }
        else if (!looked.IsCancellationRequested)
        {
            AgainLater(name, clock, looked);
        }
    }

    private async Task FirstChangeAsync(Resource resource, string ns, long after, CancellationToken cancellationToken)
    {
        WatchOptions options = new(Selection.All) { After = after };
        await foreach (WatchNotice<ObjectFacts> _ in watcher.WatchAsync(resource, ns, options, cancellationToken))
        {
            return;
        }
    }

    /// <summary>Looks again after a pause, where something went wrong.</summary>
    private void AgainLater(string name, TimeProvider clock, CancellationToken cancellationToken) =>
        _ = Task.Delay(Pause, clock, cancellationToken).ContinueWith(
            _ => _names.Writer.TryWrite(name),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);

    private Task<JsonObject> SetConditionsAsync(
        string name, NamespaceRemainder remainder, TimeProvider clock, CancellationToken cancellationToken) =>
        objects.UpdateAsync(
            _namespaces,
            null,
            name,
            current =>
            {
                current.Metadata().Remove("resourceVersion");
                remainder.SetConditions(current.ObjectOrNew("status"), clock.GetUtcNow());
                return current;
            },
            new WriteOptions { Subresource = "status" },
            cancellationToken);

    private Task<JsonObject> FinalizeAsync(string name, CancellationToken cancellationToken) => objects.UpdateAsync(
        _namespaces,
        null,
        name,
        current =>
        {
            JsonArray finalizers = current.ObjectOrNew("spec").Array("finalizers") ?? [];
            foreach (JsonNode? item in finalizers.Where(item => item.AsText() == "kubernetes").ToArray())
            {
                finalizers.Remove(item);
            }

            current.Metadata().Remove("resourceVersion");
            return current;
        },
        new WriteOptions { Subresource = "finalize" },
        cancellationToken);
}
