using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Registries;

/// <summary>Objects in the order of their keys, as they are kept.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="Revision">The state that they are of.</param>
/// <param name="Continue">What to ask for to get the rest; null if there is none.</param>
/// <param name="Remaining">How many the rest has; null if that is not known.</param>
internal sealed record ObjectPage(
    ImmutableArray<CachedObject<ObjectFacts>> Objects, long Revision, string? Continue, long? Remaining);

/// <summary>Objects in the order of their keys.</summary>
internal sealed record ObjectList(ImmutableArray<JsonObject> Items, long Revision)
{
    /// <summary>What to ask for to get the rest; null if there is none.</summary>
    public string? Continue { get; init; }

    /// <summary>How many the rest has; null if that is not known.</summary>
    public long? Remaining { get; init; }
}
