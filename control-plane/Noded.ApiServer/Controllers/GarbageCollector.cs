using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.Controllers;

/// <summary>Deletes what has lost its owners, and does what deletions in the foreground or with orphans wait for.</summary>
internal sealed class GarbageCollector(
    IStore store, ResourceTable resources, ObjectWriter objects, TimeProvider clock)
{
    private const string Prefix = "/registry/";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Resource[] _kinds = [.. resources.All.Where(resource => resource.IsStoredVersion)];

    /// <summary>Follows the store until it is cancelled, and begins anew when the store has failed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (Exception e) when (e is StoreUnavailableException or CompactedException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        OwnerGraph graph = new();
        RangeResult all = await store.RangeAsync(RangeRequest.OfPrefix(Prefix), cancellationToken);
        HashSet<string> dirty = [];
        foreach (KeyValue keyValue in all.KeyValues)
        {
            Note(graph, dirty, keyValue);
        }

        await ActAsync(graph, dirty, cancellationToken);
        await foreach (WatchBatch batch in store.WatchAsync(WatchRequest.OfPrefix(Prefix, all.Revision + 1), cancellationToken))
        {
            dirty = [];
            foreach (WatchEvent change in batch.Events)
            {
                if (change.IsDelete)
                {
                    dirty.UnionWith(graph.Remove(change.Current.Key));
                }
                else
                {
                    Note(graph, dirty, change.Current);
                }
            }

            await ActAsync(graph, dirty, cancellationToken);
        }
    }

    private static void Note(OwnerGraph graph, HashSet<string> dirty, KeyValue keyValue)
    {
        // Of every object that is written only this is read.
        ReadOnlySpan<byte> metadata = JsonSlice.Of(keyValue.Value.Span, "metadata"u8);
        if (metadata.IsEmpty)
        {
            return;
        }

        JsonObject document = new() { ["metadata"] = DocumentReader.ReadJson(metadata).Root };
        if (document.Uid().Length == 0)
        {
            return;
        }

        JsonObject[] owners = [.. document.Metadata().Objects("ownerReferences")];
        dirty.UnionWith(graph.Set(new OwnedObject(
            keyValue.Key, document.Uid(), [.. owners.Select(owner => owner.Text("uid") ?? "")])
        {
            Blocks = [.. owners.Where(owner => owner.Boolean("blockOwnerDeletion") == true).Select(owner => owner.Text("uid") ?? "")],
            Finalizers = [.. document.Finalizers()],
            IsBeingDeleted = document.IsBeingDeleted(),
        }));
    }

    private async Task ActAsync(OwnerGraph graph, HashSet<string> dirty, CancellationToken cancellationToken)
    {
        foreach (CollectorAction action in dirty.SelectMany(graph.Compute).Distinct().ToArray())
        {
            try
            {
                await ActAsync(action, cancellationToken);
            }
            catch (ApiStatusException)
            {
                // It is gone or has changed; the watch tells how, and the answer is then computed anew.
            }
        }
    }

    private async Task ActAsync(CollectorAction action, CancellationToken cancellationToken)
    {
        Resource? resource = _kinds.FirstOrDefault(kind => action.Key.StartsWith(kind.KeyPrefix, StringComparison.Ordinal));
        if (resource is null)
        {
            return;
        }

        string[] place = action.Key[resource.KeyPrefix.Length..].Split('/');
        (string? ns, string name) = resource.Definition.IsNamespaced ? (place[0], place[^1]) : (null, place[^1]);
        switch (action)
        {
            case CollectorAction.Delete delete:
                await objects.DeleteAsync(
                    resource, ns, name, new DeleteOptions { Uid = delete.Uid, Propagation = "Background" }, cancellationToken);
                break;
            case CollectorAction.Orphan orphan:
                await ChangeAsync(resource, ns, name, document => RemoveOwner(document, orphan.OwnerUid), cancellationToken);
                break;
            case CollectorAction.Release release:
                await ChangeAsync(
                    resource,
                    ns,
                    name,
                    document => document.SetFinalizers([.. document.Finalizers().Where(other => other != release.Finalizer)]),
                    cancellationToken);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"Unhandled {action.GetType().Name}.");
        }
    }

    private Task<JsonObject> ChangeAsync(
        Resource resource, string? ns, string name, Action<JsonObject> change, CancellationToken cancellationToken) =>
        objects.UpdateAsync(
            resource,
            ns,
            name,
            current =>
            {
                current.Metadata().Remove("resourceVersion");
                change(current);
                return current;
            },
            new WriteOptions { IsRelative = true },
            cancellationToken);

    private static void RemoveOwner(JsonObject document, string uid)
    {
        JsonArray references = document.Metadata().Array("ownerReferences") ?? [];
        foreach (JsonObject reference in references.OfType<JsonObject>().Where(owner => owner.Text("uid") == uid).ToArray())
        {
            references.Remove(reference);
        }

        if (references.Count == 0)
        {
            document.Metadata().Remove("ownerReferences");
        }
    }
}
