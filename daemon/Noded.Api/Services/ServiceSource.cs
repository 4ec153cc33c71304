using System.Collections.Immutable;
using k8s.Models;
using Noded.Primitives;

namespace Noded.Api.Services;

/// <summary>Where Services and EndpointSlices come from: files now, an API server's informers the same way.</summary>
public interface IServiceSource
{
    /// <summary>Tells sources apart; each owns the objects that it reported.</summary>
    string Name { get; }

    /// <summary>
    /// Begins with a <see cref="ServiceSourceChange.Snapshot"/> of everything, which says that the source is synced, and
    /// goes on with changes or further snapshots until cancelled.
    /// </summary>
    IAsyncEnumerable<ServiceSourceChange> WatchAsync(CancellationToken cancellationToken);
}

/// <summary>News of a source. Who follows it looks at the state that results, never at the news alone.</summary>
public abstract record ServiceSourceChange
{
    private ServiceSourceChange()
    {
    }

    /// <summary>How an object of a source is known; without a namespace it is in <c>default</c>.</summary>
    public static NamespacedName NameOf(V1ObjectMeta metadata) => new(metadata.NamespaceProperty ?? "default", metadata.Name);

    /// <summary>All that the source has; what it reported before and is not in here is gone.</summary>
    public sealed record Snapshot(ImmutableArray<V1Service> Services, ImmutableArray<V1EndpointSlice> Slices)
        : ServiceSourceChange;

    /// <summary>A Service is so now; null when it is gone.</summary>
    public sealed record Service(NamespacedName Name, V1Service? Value) : ServiceSourceChange;

    /// <summary>An EndpointSlice is so now; null when it is gone.</summary>
    public sealed record Slice(NamespacedName Name, V1EndpointSlice? Value) : ServiceSourceChange;
}
