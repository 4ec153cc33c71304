using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Linux;
using Noded.Linux.Events;

namespace Noded.Kubelet.Sources;

/// <summary>
/// Static pods from a directory of manifests. Events of the directory cause a look at it; a look now and then makes up
/// for events that were lost. A file that turns bad keeps the pods of its last good version.
/// </summary>
/// <param name="classes">What pods refer to: when it changes, the manifests mean something else and are read anew.</param>
internal sealed partial class FileSource(
    string directory,
    RuntimeClassFolder classes,
    TimeSpan checkFrequency,
    ManifestReader read,
    SyncInbox inbox,
    Inotify inotify,
    EventRecorder events,
    ActivityTracker activity,
    TimeProvider clock,
    ILogger<FileSource> logger) : IDisposable
{
    /// <summary>The value of the annotation <c>kubernetes.io/config.source</c>.</summary>
    internal const string Name = "file";

    private readonly SemaphoreSlim _turn = new(1, 1);
    private ImmutableSortedDictionary<string, ManifestFile> _files =
        ImmutableSortedDictionary.Create<string, ManifestFile>(StringComparer.Ordinal);

    private ImmutableArray<string> _errors = [];
    private bool _hasReported;

    /// <summary>What is wrong with the files as they are now, one line each.</summary>
    internal ImmutableArray<string> Errors => _errors;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using DirectoryWatch watch = new(directory, inotify);
        using DirectoryWatch classWatch = new(classes.Location, inotify);
        bool isAudit = false;
        while (true)
        {
            RenewWatch(watch, directory);
            RenewWatch(classWatch, classes.Location);
            await ScanAsync(isAudit && watch.IsOpen, cancellationToken);
            isAudit = !await WaitForChangeAsync(watch, classWatch, cancellationToken);
        }
    }

    /// <summary>Looks at the directory now, and reports the pods when anything about them has changed.</summary>
    internal Task ScanAsync(CancellationToken cancellationToken) => ScanAsync(trustStamps: false, cancellationToken);

    public void Dispose() => _turn.Dispose();

    private async Task ScanAsync(bool trustStamps, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        activity.Enter();
        try
        {
            ImmutableSortedDictionary<string, ManifestFile> before = _files;
            ImmutableSortedDictionary<string, ManifestFile> known = classes.Refresh() ? ManifestDirectory.Unread(before) : before;
            _files = ManifestDirectory.Read(directory, known, read, trustStamps);
            Report(before);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogScanFailed(directory, e);
        }
        finally
        {
            activity.Leave();
            _turn.Release();
        }
    }

    private void Report(ImmutableSortedDictionary<string, ManifestFile> before)
    {
        foreach ((string path, ManifestFile file) in _files)
        {
            if (before.TryGetValue(path, out ManifestFile? old) && ReferenceEquals(old, file))
            {
                continue;
            }

            foreach (string error in file.Errors)
            {
                LogBadManifest(error);
                events.Warn($"manifest {path}", "FailedManifest", error);
            }
        }

        (ImmutableArray<Pod> pods, ImmutableArray<string> duplicates) = ManifestDirectory.Merge(_files);
        foreach (string error in duplicates.Concat(classes.Errors).Except(_errors))
        {
            LogBadManifest(error);
            events.Warn($"manifest {directory}", "FailedManifest", error);
        }

        _errors = [.. _files.Values.SelectMany(file => file.Errors), .. duplicates, .. classes.Errors];
        if (!_hasReported || !ReferenceEquals(before, _files))
        {
            _hasReported = true;
            // A file that has been bad since we started may name pods that run.
            bool isComplete = _files.Values.All(file => file.WasGood);
            inbox.Post($"manifests {directory}", Changes(before), new SyncEvent.PodsDesired(Name, pods, isComplete));
        }
    }

    private string Changes(ImmutableSortedDictionary<string, ManifestFile> before)
    {
        IEnumerable<string> changed = _files
            .Where(file => !ReferenceEquals(before.GetValueOrDefault(file.Key), file.Value))
            .Select(file => Path.GetFileName(file.Key));
        IEnumerable<string> removed = before.Keys.Except(_files.Keys).Select(path => $"{Path.GetFileName(path)} removed");
        return string.Join(", ", changed.Concat(removed)) is { Length: > 0 } names ? names : "no manifests";
    }

    private void RenewWatch(DirectoryWatch watch, string watched)
    {
        try
        {
            watch.Renew();
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            LogWatchFailed(watched, checkFrequency, e);
        }
    }

    /// <summary>Returns when the directories have to be looked at again.</summary>
    /// <returns>Whether an event asked for the look.</returns>
    private async Task<bool> WaitForChangeAsync(
        DirectoryWatch watch, DirectoryWatch classWatch, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(checkFrequency, clock);
        using CancellationTokenSource pause =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        Task[] waits = [watch.WaitAsync(pause.Token), classWatch.WaitAsync(pause.Token)];
        Task first = await Task.WhenAny(waits);

        // The other one's events, if it has some now, are answered by the same look.
        await pause.CancelAsync();
        await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await first;
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time for the look that needs no event.
            return false;
        }
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Error, Message = "Manifest refused: {Error}")]
    private partial void LogBadManifest(string error);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Warning, Message = "Cannot read the manifests in {Directory}")]
    private partial void LogScanFailed(string directory, Exception exception);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "Cannot watch {Directory}, looking every {Period}")]
    private partial void LogWatchFailed(string directory, TimeSpan period, Exception exception);
}
