using System.Globalization;

namespace Noded.Kubelet.Images;

/// <summary>How far the fetch of an image has come.</summary>
/// <param name="Fetched">Bytes of its layers and its configuration that are on the machine.</param>
/// <param name="Total">All bytes of them, as the registry has them.</param>
internal sealed record PullProgress(long Fetched, long Total)
{
    /// <summary>The first words are those of the event that began the pull.</summary>
    internal string Describe(string image) =>
        string.Create(CultureInfo.InvariantCulture, $"Pulling image \"{image}\": {Fetched} of {Total} bytes");
}

/// <summary>Where it can be read how far a pull has come.</summary>
internal interface IPullProgress
{
    /// <summary>Null when nothing of the image is being fetched now, or nobody can tell.</summary>
    Task<PullProgress?> TryReadAsync(string image, CancellationToken cancellationToken);
}
