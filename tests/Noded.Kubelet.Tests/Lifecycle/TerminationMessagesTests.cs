using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Tests.Pods;

namespace Noded.Kubelet.Tests.Lifecycle;

public sealed class TerminationMessagesTests : IAsyncLifetime
{
    private readonly KubeletHarness _kubelet = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private V1ContainerStatus Status => Assert.Single(_kubelet.Statuses.Reports[new PodUid("u1")].Status.ContainerStatuses);

    public ValueTask InitializeAsync()
    {
        _kubelet.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _kubelet.DisposeAsync();

    [Fact]
    public async Task File_OfAnInstance_IsMountedForAnyUserAndItsEndIsTheMessage()
    {
        await DesireAsync("File");

        string file = FileOf(0);
        Assert.Contains(
            _kubelet.Runtime.Created.Single().Mounts,
            mount => (mount.ContainerPath, mount.HostPath, mount.ReadOnly) == ("/dev/termination-log", file, false));
        Assert.Equal("-rw-rw-rw-", ModeOf(file));
        await File.WriteAllTextAsync(file, new string('x', 5000) + "ünd", Token);
        await _kubelet.ExitAsync("app", 3);

        // Of the 5004 bytes the last 4096.
        Assert.Equal(new string('x', 4092) + "ünd", Status.State.Terminated.Message);
    }

    [Fact]
    public async Task File_OfTheNextInstance_IsEmptyAndTheLastStateKeepsTheMessage()
    {
        await DesireAsync("File", "Always");
        await File.WriteAllTextAsync(FileOf(0), "first", Token);

        await _kubelet.ExitAsync("app", 1);

        Assert.Equal("first", Status.LastState.Terminated.Message);
        Assert.Empty(await File.ReadAllBytesAsync(FileOf(1), Token));
    }

    [Fact]
    public async Task Files_OfInstancesThatWereRemoved_AreGone()
    {
        await DesireAsync("File", "Always");

        for (int i = 0; i < 3; i++)
        {
            await _kubelet.ExitAsync("app", 1);
            await _kubelet.AdvanceAsync(TimeSpan.FromMinutes(5));
        }

        Assert.Equal(["2", "3"], Directory.GetFiles(Path.GetDirectoryName(FileOf(0))!).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("FallbackToLogsOnError", 1, "", "last words\n")]
    [InlineData("FallbackToLogsOnError", 1, "said", "said")]
    [InlineData("FallbackToLogsOnError", 0, "", null)]
    [InlineData("File", 1, "", null)]
    public async Task Log_ByPolicyCodeAndFile_IsTheMessage(string policy, int exitCode, string said, string? expected)
    {
        await DesireAsync(policy);
        await File.WriteAllTextAsync(FileOf(0), said, Token);
        await WriteLogAsync("2026-01-01T00:00:00.000000000Z stderr F last words\n");

        await _kubelet.ExitAsync("app", exitCode);

        Assert.Equal(expected, Status.State.Terminated.Message);
    }

    [Fact]
    public async Task Log_ThatIsLong_GivesItsLast80Lines()
    {
        await DesireAsync("FallbackToLogsOnError");
        await WriteLogAsync(string.Concat(Enumerable.Range(0, 2000).Select(
            i => string.Create(CultureInfo.InvariantCulture, $"2026-01-01T00:00:00.000000000Z stdout F line {i}\n"))));

        await _kubelet.ExitAsync("app", 1);

        string[] lines = Status.State.Terminated.Message.TrimEnd('\n').Split('\n');
        Assert.Equal((80, "line 1920", "line 1999"), (lines.Length, lines[0], lines[^1]));
    }

    [Fact]
    public async Task Log_OfLongLines_GivesItsLast2048Bytes()
    {
        await DesireAsync("FallbackToLogsOnError");
        await WriteLogAsync($"2026-01-01T00:00:00.000000000Z stdout F {new string('x', 10000)}\n");

        await _kubelet.ExitAsync("app", 1);

        Assert.Equal(new string('x', 2047) + "\n", Status.State.Terminated.Message);
    }

    [Fact]
    public async Task Messages_OfManyContainers_ShareTwelveKibibytes()
    {
        string[] names = [.. Enumerable.Range(0, 12).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}"))];
        Pod pod = SamplePods.APod(policy: "Never", containers: names);
        foreach (V1Container container in pod.Spec.Containers)
        {
            container.TerminationMessagePath = "/dev/termination-log";
        }

        await _kubelet.DesireAsync(pod);
        foreach (string name in names)
        {
            await File.WriteAllTextAsync(FileOf(0, name), new string('y', 4096), Token);
            await _kubelet.ExitAsync(name, 0);
        }

        Assert.All(
            _kubelet.Statuses.Reports[new PodUid("u1")].Status.ContainerStatuses,
            status => Assert.Equal(1024, status.State.Terminated.Message.Length));
    }

    private Task DesireAsync(string messagePolicy, string restartPolicy = "Never") =>
        _kubelet.DesireAsync(SamplePods.APod(policy: restartPolicy).With(container =>
        {
            container.TerminationMessagePath = "/dev/termination-log";
            container.TerminationMessagePolicy = messagePolicy;
        }));

    private string FileOf(int attempt, string container = "app") => Path.Combine(
        _kubelet.Root, "var/lib/kubelet/pods/u1/containers", container, attempt.ToString(CultureInfo.InvariantCulture));

    private Task WriteLogAsync(string text) =>
        File.WriteAllTextAsync(Path.Combine(_kubelet.Root, "var/log/pods/default_web_u1/app/0.log"), text, Token);

    private static string ModeOf(string file)
    {
        UnixFileMode mode = File.GetUnixFileMode(file);
        return "-" + string.Concat("rwxrwxrwx".Select((c, i) => ((int)mode >> (8 - i) & 1) == 1 ? c : '-'));
    }
}
