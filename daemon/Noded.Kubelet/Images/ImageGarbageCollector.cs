using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Images;

/// <summary>
/// Removes images that no container uses: those that were used longest ago, while the disk is too full, and those that
/// were not used for longer than they may stay. Images that are pinned, or that the node needs itself, stay.
/// </summary>
/// <param name="disk">Size and use of the disk that holds images, in bytes.</param>
/// <param name="needed">Names that must stay though the runtime does not pin them.</param>
internal sealed partial class ImageGarbageCollector(
    ImageGcOptions options,
    IRuntimeService runtime,
    IImageService images,
    Func<(long Capacity, long Available)> disk,
    ImmutableHashSet<string> needed,
    ImageGcServices services)
{
    /// <summary>Upstream's.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private ImmutableDictionary<string, ImageUse> _uses = ImmutableDictionary<string, ImageUse>.Empty;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(Period, services.Clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await CollectAsync(cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                services.Events.Warn("node", "ImageGCFailed", e.Message);
                LogFailed(services.Logger, e);
            }
        }
    }

    /// <summary>One look.</summary>
    /// <exception cref="IOException">The runtime does not answer, or what can be removed is not enough.</exception>
    internal async Task CollectAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<Image> unused = await FindUnusedAsync(cancellationToken);
        DateTimeOffset now = services.Clock.GetUtcNow();
        if (options.MaximumAge is { } maximum)
        {
            ImmutableArray<Image> old = [.. unused.Where(image => now - _uses[image.Id].LastUsed > maximum)];
            await RemoveAsync(old, long.MaxValue, "age", cancellationToken);
            unused = unused.RemoveRange(old);
        }

        (long capacity, long available) = disk();
        long used = capacity - available;
        if (capacity <= 0 || used * 100 / capacity < options.HighThreshold)
        {
            return;
        }

        long toFree = used - (capacity * options.LowThreshold / 100);
        long freed = await RemoveAsync(
            unused.Where(image => now - _uses[image.Id].FirstSeen >= options.MinimumAge), toFree, "space", cancellationToken);
        if (freed < toFree)
        {
            string message = string.Create(
                CultureInfo.InvariantCulture,
                $"Failed to garbage collect required amount of images. Attempted to free {toFree} bytes, but only found {freed} bytes eligible to free.");
            services.Events.Warn("node", "FreeDiskSpaceFailed", message);
            throw new IOException(message);
        }
    }

    /// <summary>Removes all that no container uses; the node is short of disk.</summary>
    /// <exception cref="IOException">The runtime does not answer.</exception>
    internal async Task RemoveUnusedAsync(CancellationToken cancellationToken) =>
        await RemoveAsync(await FindUnusedAsync(cancellationToken), long.MaxValue, "eviction", cancellationToken);

    /// <summary>Those used longest ago first.</summary>
    private async Task<ImmutableArray<Image>> FindUnusedAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<Image> present = await images.ListImagesAsync(cancellationToken);
        HashSet<string> inUse =
            [.. (await runtime.ListContainersAsync(null, cancellationToken)).Select(container => container.ImageRef)];
        DateTimeOffset now = services.Clock.GetUtcNow();
        _uses = present.ToImmutableDictionary(
            image => image.Id,
            image =>
            {
                ImageUse use = _uses.GetValueOrDefault(image.Id, new ImageUse(now, now));
                return IsUsed(image) ? use with { LastUsed = now } : use;
            });
        return
        [
            .. present
                .Where(image => !IsUsed(image) && !image.IsPinned && !image.Names.Any(needed.Contains))
                .OrderBy(image => _uses[image.Id].LastUsed)
                .ThenBy(image => _uses[image.Id].FirstSeen),
        ];

        bool IsUsed(Image image) => inUse.Contains(image.Id) || image.Names.Any(inUse.Contains);
    }

    private async Task<long> RemoveAsync(
        IEnumerable<Image> unused, long toFree, string reason, CancellationToken cancellationToken)
    {
        long freed = 0;
        foreach (Image image in unused)
        {
            if (freed >= toFree)
            {
                break;
            }

            await images.RemoveImageAsync(image.Id, cancellationToken);
            freed += image.Size;
            services.Metrics.Removed.WithLabels(reason).Inc();
            services.Flight.Record(
                FlightEntryKind.Acted, "images", $"removed {image.Names.FirstOrDefault(image.Id)} ({reason})");
        }

        return freed;
    }

    private readonly record struct ImageUse(DateTimeOffset FirstSeen, DateTimeOffset LastUsed);

    [LoggerMessage(EventId = 1701, Level = LogLevel.Warning, Message = "Removing unused images failed, again in 5 minutes")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>What the collector shares with the rest of the kubelet.</summary>
internal sealed record ImageGcServices(
    EventRecorder Events, FlightRecorder Flight, ImageMetrics Metrics, TimeProvider Clock, ILogger Logger);
