using System.Collections.Immutable;

namespace Noded.Oci;

/// <summary>Everything an image is made of; the same recipe over the same files gives the same digests.</summary>
public sealed record ImageRecipe
{
    public required ImageReference Reference { get; init; }

    public Platform Platform { get; init; } = Platform.Host;

    /// <summary>The image's creation time and the modification time of every file in it; a whole second.</summary>
    public DateTimeOffset Created { get; init; } = DateTimeOffset.UnixEpoch;

    public ImageConfig Config { get; init; } = new();

    /// <summary>From the lowest layer to the highest. The order of entries in a layer does not matter.</summary>
    public required ImmutableArray<ImmutableArray<LayerEntry>> Layers { get; init; }
}
