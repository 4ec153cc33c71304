using System.IO.Compression;
using Grpc.Core;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Linux.Events;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Logs;

/// <summary>On real files with a real inotify; the fake runtime makes the file anew when it is told to.</summary>
public sealed class ContainerLogManagerTests : IAsyncDisposable
{
    private static readonly PodUid Uid = new("u1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly TestClock _clock = new();
    private readonly FakeRuntimeService _runtime;
    private readonly FlightRecorder _flight;
    private readonly CancellationTokenSource _stop = new();
    private readonly ContainerLogManager _manager;
    private readonly Task _reading;
    private readonly TaskCompletionSource _reopened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ContainerLogManagerTests()
    {
        _inotify = new Inotify(_reactor);
        _reading = _inotify.RunAsync(_stop.Token);
        _flight = new FlightRecorder(64, _clock);
        _runtime = new FakeRuntimeService(_clock)
        {
            OnDone = (operation, _) =>
            {
                if (operation == "reopen_container_log")
                {
                    File.AppendAllText(Log, string.Empty);
                    _reopened.TrySetResult();
                }
            },
        };
        _manager = new ContainerLogManager(
            new LogRotator(_runtime, new LogRotationOptions(100, 3), _clock), _inotify, _flight, _clock, _stop.Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(_directory.FullName, "0.log");

    [Fact]
    public async Task Update_LogThatIsTooLarge_IsRotatedAndReopened()
    {
        Write('a', 150);

        _manager.Update(Uid, [await RunningAsync()]);
        await _reopened.Task.WaitAsync(Token);

        Assert.Equal(new string('a', 150), await File.ReadAllTextAsync(Assert.Single(Rotated()), Token));
        Assert.Equal(0, new FileInfo(Log).Length);
    }

    [Fact]
    public async Task Log_GrowsAfterALongSilence_IsRotated()
    {
        Write('a', 10);
        _manager.Update(Uid, [await RunningAsync()]);
        await _clock.AdvancePastNextTimerAsync(Token);

        // Nothing was written since the last look: from here on, only the kernel wakes anybody.
        while (!_reopened.Task.IsCompleted)
        {
            Write('b', 100);
            Task<TimeSpan> armed = _clock.WaitForTimerAsync(Token);
            if (await Task.WhenAny(armed, _reopened.Task) == armed)
            {
                _clock.Advance(await armed);
            }
        }

        Assert.NotEmpty(Rotated());
    }

    [Fact]
    public async Task Rotate_ManyTimes_KeepsSoManyFilesAndCompressesTheOlder()
    {
        LoggedContainer container = await RunningAsync();
        LogRotator rotator = new(_runtime, new LogRotationOptions(100, 3), _clock);

        foreach (char content in "abcd")
        {
            Write(content, 150);
            await rotator.RotateAsync(container, Token);
            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        string[] rotated = Rotated();
        Assert.Equal((2, true, false), (rotated.Length, rotated[0].EndsWith(".gz", StringComparison.Ordinal), rotated[1].EndsWith(".gz", StringComparison.Ordinal)));
        await using GZipStream gzip = new(File.OpenRead(rotated[0]), CompressionMode.Decompress);
        using StreamReader reader = new(gzip);
        Assert.Equal(new string('c', 150), await reader.ReadToEndAsync(Token));
        Assert.Equal(new string('d', 150), await File.ReadAllTextAsync(rotated[1], Token));
    }

    [Fact]
    public async Task Rotate_RuntimeRefuses_TheLogHasItsNameBack()
    {
        LoggedContainer container = await RunningAsync();
        _runtime.OnCall = (operation, _, _) => operation == "reopen_container_log"
            ? throw new RuntimeCallException(operation, "app", StatusCode.Unavailable, "gone")
            : Task.CompletedTask;
        Write('a', 150);

        await Assert.ThrowsAsync<RuntimeCallException>(
            () => new LogRotator(_runtime, new LogRotationOptions(100, 3), _clock).RotateAsync(container, Token));

        Assert.Equal(new string('a', 150), await File.ReadAllTextAsync(Log, Token));
        Assert.Empty(Rotated());
    }

    [Fact]
    public async Task Rotate_OnlyTheAnswerIsLost_TheNewFileStays()
    {
        LoggedContainer container = await RunningAsync();
        _runtime.OnDone = (operation, _) =>
        {
            if (operation == "reopen_container_log")
            {
                File.WriteAllText(Log, "new");
                throw new RuntimeCallException(operation, "app", StatusCode.DeadlineExceeded, "late");
            }
        };
        Write('a', 150);

        await new LogRotator(_runtime, new LogRotationOptions(100, 3), _clock).RotateAsync(container, Token);

        Assert.Equal("new", await File.ReadAllTextAsync(Log, Token));
        Assert.Single(Rotated());
    }

    [Fact]
    public async Task Update_DaemonWasKilledBeforeTheReopen_ReopensTheLog()
    {
        await File.WriteAllTextAsync(Log + ".20260101-000000", "old", Token);

        _manager.Update(Uid, [await RunningAsync()]);
        await _reopened.Task.WaitAsync(Token);

        Assert.True(File.Exists(Log));
        Assert.Single(Rotated());
    }

    [Fact]
    public async Task Update_ContainerHasEnded_IsNotFollowedAnyMore()
    {
        Write('a', 10);
        _manager.Update(Uid, [await RunningAsync()]);
        await _clock.WaitForTimerAsync(Token);

        _manager.Update(Uid, []);
        Write('b', 200);
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(Rotated());
        Assert.DoesNotContain(_runtime.Calls, call => call.StartsWith("reopen", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _inotify.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Write(char content, int count) => File.AppendAllText(Log, new string(content, count));

    private string[] Rotated() => [.. Directory.GetFiles(_directory.FullName).Where(file => file != Log).Order()];

    private async Task<LoggedContainer> RunningAsync()
    {
        Pod pod = SamplePods.APod();
        PodSandboxSpec sandbox = new(pod, 0, string.Empty, string.Empty, string.Empty);
        PodSandboxId id = await _runtime.RunPodSandboxAsync(sandbox, Token);
        ContainerId container = await _runtime.CreateContainerAsync(
            id, sandbox, new ContainerSpec(pod.Spec.Containers[0], 0, "image", "hash", [], [], [], "0.log"), Token);
        await _runtime.StartContainerAsync(container, Token);
        return new LoggedContainer(container, Log);
    }
}
