using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Sources;
using Noded.Kubelet.Tests.Pods;
using Noded.Linux.Events;
using Noded.Linux.Files;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Sources;

/// <summary>On a real directory with a real inotify. A manifest here is lines of NAME UID, or <c>bad</c>.</summary>
public sealed class FileSourceTests : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly TestClock _clock = new();
    private readonly ActivityTracker _activity = new();
    private readonly EventRecorder _events;
    private readonly SyncInbox _inbox;
    private readonly RuntimeClassFolder _classes;
    private readonly FileSource _source;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public FileSourceTests()
    {
        _inotify = new Inotify(_reactor);
        _inbox = new SyncInbox(_activity, new FlightRecorder(16, _clock));
        _events = new EventRecorder(64, new FlightRecorder(64, _clock), _clock);
        _classes = new RuntimeClassFolder(Path.Combine(_root.FullName, "classes"));
        _source = new FileSource(
            Manifests, _classes, TimeSpan.FromSeconds(20), Read, _inbox, _inotify, _events, _activity, _clock,
            NullLogger<FileSource>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Manifests => Path.Combine(_root.FullName, "manifests");

    [Fact]
    public async Task Run_DirectoryIsMissing_ReportsNoPods()
    {
        Start();

        Assert.Empty(await NextAsync());
    }

    [Fact]
    public async Task Run_FileComesChangesMovesAndGoes_FollowsIt()
    {
        await StartEmptyAsync();

        await WriteAsync("a.yaml", "web u1");
        await UntilAsync("web/u1");
        await WriteAsync("a.yaml", "web u2");
        await UntilAsync("web/u2");
        await WriteAsync(".new", "web u3");
        File.Move(At(".new"), At("a.yaml"), overwrite: true);
        await UntilAsync("web/u3");
        await WriteAsync("b.yaml", "db u4\nlog u5");
        await UntilAsync("db/u4,log/u5,web/u3");
        File.Delete(At("a.yaml"));
        await UntilAsync("db/u4,log/u5");
        File.Move(At("b.yaml"), Path.Combine(_root.FullName, "b.yaml"));
        await UntilAsync(string.Empty);
    }

    [Fact]
    public async Task Run_DirectoryIsRemovedAndMadeAgain_FollowsIt()
    {
        await StartEmptyAsync();
        await WriteAsync("a.yaml", "web u1");
        await UntilAsync("web/u1");

        Directory.Delete(Manifests, recursive: true);
        await UntilAsync(string.Empty);
        Directory.CreateDirectory(Manifests);
        await WriteAsync("a.yaml", "web u2");

        await UntilAsync("web/u2");
    }

    [Fact]
    public async Task Run_ChangeWithoutAnEvent_IsSeenAtTheNextLook()
    {
        // Nobody reads inotify here: no event ever comes.
        _running.Add(_source.RunAsync(_stop.Token));
        Assert.Empty(await NextAsync());
        await WriteAsync("a.yaml", "web u1");

        Assert.Equal(TimeSpan.FromSeconds(20), await _clock.WaitForTimerAsync(Token));
        Assert.False(_inbox.Reader.TryRead(out _));
        _clock.Advance(TimeSpan.FromSeconds(20));

        await UntilAsync("web/u1");
    }

    [Fact]
    public async Task Run_RuntimeClassComes_ReadsTheManifestsAnew()
    {
        await StartEmptyAsync();
        await WriteAsync("a.yaml", "web u1");
        await UntilAsync("web/u1");

        string hidden = Path.Combine(_root.FullName, "classes", ".gvisor.yaml");
        await File.WriteAllTextAsync(
            hidden, "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: gvisor}\nhandler: runsc", Token);
        File.Move(hidden, Path.Combine(_root.FullName, "classes", "gvisor.yaml"));

        await UntilAsync("web/u1");
        Assert.Equal("runsc", _classes.TryGet("gvisor")?.Handler);
    }

    [Fact]
    public async Task Scan_RuntimeClassIsBad_IsAnErrorBesideThePods()
    {
        Directory.CreateDirectory(Manifests);
        Directory.CreateDirectory(_classes.Location);
        await WriteAsync("a.yaml", "web u1");
        await File.WriteAllTextAsync(Path.Combine(_classes.Location, "gvisor.yaml"), "apiVersion: node.k8s.io/v1\nkind: Pod", Token);

        await _source.ScanAsync(Token);

        await UntilAsync("web/u1");
        Assert.Contains("gvisor.yaml:2: kind", Assert.Single(_source.Errors), StringComparison.Ordinal);
        Assert.Single(_events.Read());
    }

    [Fact]
    public async Task Run_LooksAtTheSameDirectory_KeepsItsWatch()
    {
        await StartEmptyAsync();
        await _clock.AdvancePastNextTimerAsync(Token);
        string watch = Assert.Single(WatchesOfManifests());

        await _clock.AdvancePastNextTimerAsync(Token);
        await _clock.AdvancePastNextTimerAsync(Token);
        await _clock.WaitForTimerAsync(Token);

        Assert.Equal([watch], WatchesOfManifests());
    }

    [Fact]
    public async Task Run_AnotherDirectoryInItsPlaceWithoutAnEvent_IsWatchedFromTheNextLookOn()
    {
        _running.Add(_source.RunAsync(_stop.Token));
        Assert.Empty(await NextAsync());
        await _clock.WaitForTimerAsync(Token);
        Directory.Move(Manifests, Path.Combine(_root.FullName, "old"));
        Directory.CreateDirectory(Manifests);
        Assert.Empty(WatchesOfManifests());

        _clock.Advance(TimeSpan.FromSeconds(20));
        await _clock.WaitForTimerAsync(Token);

        Assert.Single(WatchesOfManifests());
    }

    [Fact]
    public async Task Scan_FileTurnsBad_KeepsItsLastGoodPods()
    {
        await WriteAsync("a.yaml", "web u1");
        await _source.ScanAsync(Token);
        await UntilAsync("web/u1");

        await WriteAsync("a.yaml", "bad");
        await _source.ScanAsync(Token);

        await UntilAsync("web/u1");
        Assert.Equal(["a.yaml:1: bad"], _source.Errors);
        Assert.Single(_events.Read(), nodeEvent => nodeEvent.Reason == "FailedManifest");
    }

    [Fact]
    public async Task Scan_SameLengthAndTime_SeesTheChange()
    {
        await WriteAsync("a.yaml", "web u1");
        DateTime written = File.GetLastWriteTimeUtc(At("a.yaml"));
        await _source.ScanAsync(Token);
        await UntilAsync("web/u1");

        await WriteAsync("a.yaml", "web u2");
        File.SetLastWriteTimeUtc(At("a.yaml"), written);
        await _source.ScanAsync(Token);

        await UntilAsync("web/u2");
    }

    [Fact]
    public async Task Scan_NothingChanged_ReportsNothing()
    {
        await WriteAsync("a.yaml", "web u1");
        await WriteAsync("b.yaml", "bad");
        await _source.ScanAsync(Token);
        await NextAsync();

        await _source.ScanAsync(Token);

        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Scan_HiddenFilesAndDirectories_AreNoManifests()
    {
        await WriteAsync(".a.yaml", "web u1");
        Directory.CreateDirectory(At("b.yaml"));

        await _source.ScanAsync(Token);

        Assert.Empty(await NextAsync());
        Assert.Empty(_source.Errors);
    }

    [Fact]
    public async Task Scan_PipeInTheDirectory_IsAnErrorAndHoldsNothingUp()
    {
        await WriteAsync("b.yaml", "web u1");
        (await ChildProcess.RunAsync("mkfifo", [At("a.yaml")], Token)).OrThrow();

        await Task.Run(() => _source.ScanAsync(Token), Token).WaitAsync(Token);

        await UntilAsync("web/u1");
        Assert.Equal([$"{At("a.yaml")}:1: not a regular file"], _source.Errors);
    }

    [Fact]
    public async Task Scan_LinkWithoutATarget_IsAnErrorUntilThereIsOne()
    {
        await WriteAsync("b.yaml", "web u1");
        string target = Path.Combine(_root.FullName, "target");
        File.CreateSymbolicLink(At("a.yaml"), target);
        await _source.ScanAsync(Token);
        await UntilAsync("web/u1");
        Assert.Single(_source.Errors);

        await File.WriteAllTextAsync(target, "db u2", Token);
        await _source.ScanAsync(Token);

        await UntilAsync("db/u2,web/u1");
        Assert.Empty(_source.Errors);
    }

    [Theory]
    [InlineData("web u2", "metadata.name")]
    [InlineData("other u1", "metadata.uid")]
    public async Task Scan_TwoFilesClaimOnePod_TheFirstHasItAndTheOtherIsAnError(string second, string field)
    {
        await WriteAsync("a.yaml", "web u1");
        await WriteAsync("b.yaml", second);

        await _source.ScanAsync(Token);

        await UntilAsync("web/u1");
        Assert.StartsWith($"{At("b.yaml")}:1: {field}: Duplicate value", Assert.Single(_source.Errors));
    }

    [Fact]
    public async Task Read_StampsAreTrusted_SeesAFileMovedIntoPlace()
    {
        Directory.CreateDirectory(Manifests);
        await WriteAsync("a.yaml", "web u1");
        ImmutableSortedDictionary<string, ManifestFile> before = Look(ImmutableSortedDictionary<string, ManifestFile>.Empty);
        Assert.Same(before, Look(before));

        await WriteAsync(".new", "web u2");
        File.SetLastWriteTimeUtc(At(".new"), File.GetLastWriteTimeUtc(At("a.yaml")));
        File.Move(At(".new"), At("a.yaml"), overwrite: true);

        Assert.Equal(new PodUid("u2"), Look(before)[At("a.yaml")].Pods.Single().Uid);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _source.Dispose();
        _inotify.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        _root.Delete(recursive: true);
    }

    private void Start()
    {
        _running.Add(_inotify.RunAsync(_stop.Token));
        _running.Add(_source.RunAsync(_stop.Token));
    }

    private async Task StartEmptyAsync()
    {
        Start();
        Assert.Empty(await NextAsync());
    }

    private ImmutableSortedDictionary<string, ManifestFile> Look(ImmutableSortedDictionary<string, ManifestFile> before) =>
        ManifestDirectory.Read(Manifests, before, Read, trustStamps: true);

    /// <summary>What the kernel holds: number and inode of each watch of the directory by this process.</summary>
    private List<string> WatchesOfManifests()
    {
        string inode = $" ino:{FileStamp.TryRead(Manifests)!.Value.Inode:x} ";
        List<string> watches = [];
        foreach (string descriptor in Directory.GetFiles("/proc/self/fdinfo"))
        {
            try
            {
                watches.AddRange(File.ReadLines(descriptor).Where(line =>
                    line.StartsWith("inotify ", StringComparison.Ordinal) && line.Contains(inode, StringComparison.Ordinal)));
            }
            catch (IOException)
            {
                // Closed since it was listed, by another test.
            }
        }

        return watches;
    }

    private string At(string name) => Path.Combine(Manifests, name);

    private Task WriteAsync(string name, string text)
    {
        Directory.CreateDirectory(Manifests);
        return File.WriteAllTextAsync(At(name), text, Token);
    }

    private async Task<ImmutableArray<Pod>> NextAsync() =>
        Assert.IsType<SyncEvent.PodsDesired>((await _inbox.Reader.ReadAsync(Token)).Event).Pods;

    /// <summary>Reads wishes until one is as expected: a write may be seen half way.</summary>
    private async Task UntilAsync(string expected)
    {
        string found;
        do
        {
            ImmutableArray<Pod> pods = await NextAsync();
            found = string.Join(',', pods.Select(pod => $"{pod.Name.Name}/{pod.Uid}").Order(StringComparer.Ordinal));
        }
        while (found != expected);
    }

    private static ManifestContent Read(string file, ReadOnlyMemory<byte> content)
    {
        string text = Encoding.UTF8.GetString(content.Span);
        return text == "bad"
            ? new ManifestContent([], [$"{Path.GetFileName(file)}:1: bad"])
            : new ManifestContent(
                [
                    .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
                        .Select(words => SamplePods.APod(words[1], words[0])),
                ],
                []);
    }
}
