using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Noded.Api.Services;
using Noded.Linux;
using Noded.Linux.Events;
using Noded.Primitives;

namespace Noded.ServiceProxy.Reflectors;

/// <summary>How a node without an API server serves.</summary>
/// <param name="Directory">Of the manifests; made when it is not there.</param>
/// <param name="ServiceRange">Where Services without a cluster IP get one; null when none is given out.</param>
public sealed record StandaloneOptions(string Directory, string NodeName, IPPrefix? ServiceRange)
{
    /// <summary>How long a change without an event may stay unseen.</summary>
    public TimeSpan CheckFrequency { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>
/// Services and EndpointSlices of a node without an API server: manifests in a directory, and the node's own pods that
/// they select. Every news is a whole snapshot; a file that turns bad keeps its last good version.
/// </summary>
public sealed partial class StandaloneSource(
    StandaloneOptions options, IServicePods pods, Inotify inotify, TimeProvider clock, ILogger<StandaloneSource> logger)
    : IServiceSource
{
    private const InotifyMask Changes = InotifyMask.CloseWrite | InotifyMask.Attrib | InotifyMask.MovedTo
        | InotifyMask.MovedFrom | InotifyMask.Delete | InotifyMask.DeleteSelf | InotifyMask.MoveSelf;

    private readonly ClusterIPs _clusterIPs = new(options.ServiceRange);

    public string Name => "file";

    /// <summary>What is wrong with the manifests as they are now, one line each.</summary>
    public ImmutableArray<string> Errors { get; private set; } = [];

    public async IAsyncEnumerable<ServiceSourceChange> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Whatever is news makes one look at everything: one waiting reason is enough.
        Channel<ImmutableArray<ServicePod>?> news = Channel.CreateUnbounded<ImmutableArray<ServicePod>?>(
            new UnboundedChannelOptions { SingleReader = true });
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] pumps = [PumpPodsAsync(news.Writer, stop.Token), PumpFilesAsync(news.Writer, stop.Token)];
        ServiceFolder folder = new(options.Directory);
        ImmutableArray<ServicePod>? known = null;
        try
        {
            while (await news.Reader.WaitToReadAsync(cancellationToken))
            {
                while (news.Reader.TryRead(out ImmutableArray<ServicePod>? pods))
                {
                    known = pods ?? known;
                }

                // Before the pods are known, a Service would seem to have no endpoints.
                if (known is { } now && TryRead(folder, now) is { } snapshot)
                {
                    yield return snapshot;
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(pumps).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private ServiceSourceChange.Snapshot? TryRead(ServiceFolder folder, ImmutableArray<ServicePod> pods)
    {
        try
        {
            ImmutableArray<ServiceManifest> manifests = folder.Read();
            Report(folder.Errors);
            ImmutableArray<V1Service> services = _clusterIPs.Assign(First(
                manifests.SelectMany(manifest => manifest.Services), service => service.Metadata));
            ImmutableArray<V1EndpointSlice> slices =
            [
                .. services.SelectMany(service => EndpointSlices.Compute(service, pods, options.NodeName)),
                .. manifests.SelectMany(manifest => manifest.Slices),
            ];
            return new ServiceSourceChange.Snapshot(services, First(slices, slice => slice.Metadata));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogReadFailed(options.Directory, e);
            return null;
        }
    }

    /// <summary>One object per name: that of the first file.</summary>
    private static ImmutableArray<T> First<T>(IEnumerable<T> objects, Func<T, V1ObjectMeta> metadata) =>
        [.. objects.DistinctBy(entry => ServiceSourceChange.NameOf(metadata(entry)))];

    private void Report(ImmutableArray<string> errors)
    {
        foreach (string error in errors.Except(Errors))
        {
            LogBadManifest(error);
        }

        Errors = errors;
    }

    private async Task PumpPodsAsync(
        ChannelWriter<ImmutableArray<ServicePod>?> news, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (ImmutableArray<ServicePod> now in pods.WatchAsync(cancellationToken))
            {
                await news.WriteAsync(now, cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            news.TryComplete(e);
        }
    }

    private async Task PumpFilesAsync(
        ChannelWriter<ImmutableArray<ServicePod>?> news, CancellationToken cancellationToken)
    {
        InotifyWatch? watch = null;
        try
        {
            while (true)
            {
                watch ??= TryWatch();
                await news.WriteAsync(null, cancellationToken);
                if (await WaitAsync(watch, cancellationToken))
                {
                    watch?.Dispose();
                    watch = null;
                }
            }
        }
        finally
        {
            watch?.Dispose();
        }
    }

    private InotifyWatch? TryWatch()
    {
        try
        {
            Directory.CreateDirectory(options.Directory);
            return inotify.Watch(options.Directory, Changes);
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            LogWatchFailed(options.Directory, options.CheckFrequency, e);
            return null;
        }
    }

    /// <returns>Whether the watch has to be made anew: the directory is another one.</returns>
    private async Task<bool> WaitAsync(InotifyWatch? watch, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(options.CheckFrequency, clock);
        using CancellationTokenSource pause =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        InotifyMask seen = InotifyMask.None;
        try
        {
            if (watch is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, pause.Token);
            }
            else
            {
                await watch.Events.WaitToReadAsync(pause.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        while (watch!.Events.TryRead(out InotifyEvent inotifyEvent))
        {
            seen |= inotifyEvent.Mask;
        }

        return (seen & (InotifyMask.Ignored | InotifyMask.DeleteSelf | InotifyMask.MoveSelf)) != 0;
    }

    [LoggerMessage(EventId = 5201, Level = LogLevel.Error, Message = "Service manifest refused: {Error}")]
    private partial void LogBadManifest(string error);

    [LoggerMessage(EventId = 5202, Level = LogLevel.Warning, Message = "Cannot read the Services in {Directory}")]
    private partial void LogReadFailed(string directory, Exception exception);

    [LoggerMessage(EventId = 5203, Level = LogLevel.Warning, Message = "Cannot watch {Directory}, looking every {Period}")]
    private partial void LogWatchFailed(string directory, TimeSpan period, Exception exception);
}
