using System.Collections.Concurrent;
using System.Collections.Immutable;

using Microsoft.Extensions.Logging;

using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>A cache for each kind of object, begun when somebody first asks for it.</summary>
internal sealed class ObjectCaches(
    IStore store, ResourceTable resources, WatchCacheOptions options, (TimeProvider Clock, ILogger Logger) services)
    : IAsyncDisposable
{
    /// <summary>The field by which most watches of pods choose theirs.</summary>
    private const string NodeName = "spec.nodeName";

    private static readonly ImmutableArray<string> ReadByAdmission =
    [
        "/registry/core/namespaces/", "/registry/core/serviceaccounts/", "/registry/core/limitranges/",
        "/registry/scheduling.k8s.io/priorityclasses/", "/registry/storage.k8s.io/storageclasses/",
        "/registry/node.k8s.io/runtimeclasses/",
    ];

    // As many as there are resources at most. Lazy, because a cache that loses the race would watch for nothing.
    private readonly ConcurrentDictionary<string, Lazy<ObjectCache>> _caches = new(StringComparer.Ordinal);

    /// <summary>The cache that has a resource's objects, which other versions of it share.</summary>
    public ObjectCache Of(Resource resource) => _caches.GetOrAdd(
        resource.KeyPrefix,
        static (prefix, arguments) => new Lazy<ObjectCache>(() => arguments.Caches.Begin(prefix, arguments.Resource)),
        (Caches: this, Resource: resource)).Value;

    /// <summary>How many objects of each resource are in memory.</summary>
    public IEnumerable<(string Resource, int Count)> Counts() =>
    [
        .. _caches.Values.Where(cache => cache.IsValueCreated)
            .Select(cache => (cache.Value.Name, cache.Value.Objects.Count)),
    ];

    /// <summary>
    /// Completes once memory has a change, if anybody reads its kind there: who has made a namespace must not be told
    /// by admission that there is none.
    /// </summary>
    public async Task SeenAsync(string key, long revision, CancellationToken cancellationToken)
    {
        string prefix = ReadByAdmission.FirstOrDefault(prefix => key.StartsWith(prefix, StringComparison.Ordinal), "");
        if (_caches.TryGetValue(prefix, out Lazy<ObjectCache>? cache) && cache.IsValueCreated)
        {
            await cache.Value.Objects.SeenAsync(revision, cancellationToken);
        }
    }

    /// <summary>Ends the caches, and with them the watches.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<ObjectCache> cache in _caches.Values)
        {
            await cache.Value.Objects.DisposeAsync();
        }
    }

    private ObjectCache Begin(string prefix, Resource resource)
    {
        Resource kept = resources.Get(resource.Stored.Group, resource.Stored.Version, resource.Stored.Name);
        FactsDecoder facts = new(kept.Strategy);
        bool isOfNodes = resource.Stored is { Group: "", Name: "pods" };
        int index = isOfNodes ? facts.Names.IndexOf(NodeName) : -1;
        WatchCache<ObjectFacts> objects = new(
            store, prefix, facts.Decode, options, services, index < 0 ? null : found => found.Fields[index]);
        return new ObjectCache(kept.Definition.QualifiedName, objects, facts) { IndexedField = index < 0 ? null : NodeName };
    }
}

/// <summary>The objects of a kind in memory.</summary>
/// <param name="Name">The resource that they are of.</param>
/// <param name="Objects">The cache.</param>
/// <param name="Facts">Knows where a fact of theirs is.</param>
internal sealed record ObjectCache(string Name, WatchCache<ObjectFacts> Objects, FactsDecoder Facts)
{
    /// <summary>The field by which watches are found; null if there is none.</summary>
    public string? IndexedField { get; init; }
}
