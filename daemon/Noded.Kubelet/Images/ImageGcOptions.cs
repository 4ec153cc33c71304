namespace Noded.Kubelet.Images;

/// <summary>When images that no container uses are removed; percents are of the disk that holds them.</summary>
/// <param name="HighThreshold">From this use of the disk on.</param>
/// <param name="LowThreshold">Down to this use.</param>
/// <param name="MinimumAge">No image that was seen first, or used last, more lately.</param>
/// <param name="MaximumAge">One that was not used for so long goes whatever the disk's use; null for none.</param>
public sealed record ImageGcOptions(int HighThreshold, int LowThreshold, TimeSpan MinimumAge, TimeSpan? MaximumAge)
{
    /// <summary>Upstream's.</summary>
    public static ImageGcOptions Default { get; } = new(85, 80, TimeSpan.FromMinutes(2), null);
}
