using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Images;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Pods;
using Prometheus;

namespace Noded.Kubelet.Tests.Images;

public sealed class ImageGarbageCollectorTests : IAsyncLifetime
{
    private readonly KubeletHarness _kubelet = new();
    private long _available = 50;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _kubelet.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _kubelet.DisposeAsync();

    [Fact]
    public async Task Collect_DiskHasRoom_RemovesNothing()
    {
        ImageGarbageCollector collector = Collector();
        Have(("old", 10));

        await CollectAfterAsync(collector, TimeSpan.FromHours(1));

        Assert.Equal(["old"], Left());
    }

    [Fact]
    public async Task Collect_DiskIsFull_RemovesWhatWasUsedLongestAgoDownToTheLowThreshold()
    {
        ImageGarbageCollector collector = Collector();
        Have(("first", 6), ("second", 6), ("third", 6));
        await collector.CollectAsync(Token);
        await UseAsync("first");
        await CollectAfterAsync(collector, TimeSpan.FromMinutes(5));
        await _kubelet.DesireAsync();
        _available = 10;

        // 90 % used: 10 to free, so that 80 % are.
        await CollectAfterAsync(collector, TimeSpan.FromMinutes(5));

        Assert.Equal(["first"], Left());
    }

    [Fact]
    public async Task Collect_ImagesInUsePinnedOrNeeded_Stay()
    {
        ImageGarbageCollector collector = Collector();
        _kubelet.Runtime.Images = [AnImage("used"), AnImage("pinned", isPinned: true), AnImage("needed"), AnImage("free")];
        await UseAsync("used");
        await collector.CollectAsync(Token);
        _available = 0;

        await Assert.ThrowsAsync<IOException>(() => CollectAfterAsync(collector, TimeSpan.FromHours(1)));

        Assert.Equal(["used", "pinned", "needed"], Left());
        Assert.Contains(
            _kubelet.Events.Read(),
            e => e is { Reason: "FreeDiskSpaceFailed", Message: "Failed to garbage collect required amount of images. Attempted to free 20 bytes, but only found 1 bytes eligible to free." });
    }

    [Fact]
    public async Task Collect_ImageThatIsNew_Stays()
    {
        ImageGarbageCollector collector = Collector();
        Have(("new", 50));
        _available = 0;

        await Assert.ThrowsAsync<IOException>(() => collector.CollectAsync(Token));
        Assert.Equal(["new"], Left());
        await CollectAfterAsync(collector, TimeSpan.FromMinutes(2));

        Assert.Empty(Left());
    }

    [Fact]
    public async Task Collect_ImageThatNobodyUsesForLong_GoesThoughThereIsRoom()
    {
        ImageGarbageCollector collector = Collector(ImageGcOptions.Default with { MaximumAge = TimeSpan.FromHours(1) });
        Have(("old", 10));
        await collector.CollectAsync(Token);

        await CollectAfterAsync(collector, TimeSpan.FromHours(1));
        Assert.Equal(["old"], Left());
        await CollectAfterAsync(collector, TimeSpan.FromSeconds(1));

        Assert.Empty(Left());
    }

    [Fact]
    public async Task RemoveUnused_WhateverTheDiskHas_LeavesWhatIsNeeded()
    {
        _kubelet.Runtime.Images = [AnImage("free"), AnImage("needed")];

        await Collector().RemoveUnusedAsync(Token);

        Assert.Equal(["needed"], Left());
    }

    private ImageGarbageCollector Collector(ImageGcOptions? options = null) => new(
        options ?? ImageGcOptions.Default,
        _kubelet.Runtime,
        _kubelet.Runtime,
        () => (100, _available),
        ["needed"],
        new ImageGcServices(
            _kubelet.Events,
            _kubelet.Flight,
            new ImageMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry())),
            _kubelet.Clock,
            NullLogger.Instance));

    private async Task CollectAfterAsync(ImageGarbageCollector collector, TimeSpan time)
    {
        _kubelet.Clock.Advance(time);
        await collector.CollectAsync(Token);
    }

    private Task UseAsync(string image) => _kubelet.DesireAsync(SamplePods.APod(image: image));

    private void Have(params (string Name, long Size)[] images) =>
        _kubelet.Runtime.Images = [.. images.Select(image => AnImage(image.Name, image.Size))];

    private IEnumerable<string> Left() => _kubelet.Runtime.Images.Select(image => image.Names[0]);

    private static Image AnImage(string name, long size = 1, bool isPinned = false) =>
        new($"id-of-{name}", [name], size, isPinned);
}
