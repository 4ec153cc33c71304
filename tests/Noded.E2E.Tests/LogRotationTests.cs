using System.Globalization;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Logs that are rotated while they are written and read, on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class LogRotationTests
{
    private const int Lines = 120_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Logs_OverSeveralRotations_HaveEveryLineOnce()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        // About 37 MB: three rotations at least, and no more than the five files that are kept.
        node.Place("log.yaml", Manifest.Pod("log", "Never", "log", $"{Lines}", "260", "20000"));
        await node.WaitForTimelineAsync(entry => entry.What == "start container", 1, Token);
        string followed = await LogsAsync(node, "-f");
        await node.WaitIdleAsync(Token);
        string read = await LogsAsync(node);

        Assert.Equal(Enumerable.Range(1, Lines), Numbers(followed).Order());
        Assert.Equal(Enumerable.Range(1, Lines), Numbers(read).Order());
        Pod pod = Assert.Single(await node.PodsAsync(Token));
        string directory = Path.Combine(node.Paths.PodLogs, $"default_log-node1_{pod.Uid}", "main");
        string[] files = [.. Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Order()];
        Assert.InRange(files.Length, 3, 5);
        Assert.Contains(files, name => name.EndsWith(".gz", StringComparison.Ordinal));
        Assert.Equal("0.log", files[0]);

        string tail = await LogsAsync(node, "--tail", "80000");
        Assert.Equal(80_000, Numbers(tail).Distinct().Count());
        Assert.Equal(string.Empty, await LogsAsync(node, "--since-time", "2126-01-01T00:00:00Z"));
        Assert.Equal(Lines, Numbers(await LogsAsync(node, "--since", "1h")).Length);
        Assert.Equal(1000, (await LogsAsync(node, "--limit-bytes", "1000")).Length);
        string container = Assert.Single(pod.Containers).ContainerId.Split("//")[1];
        Assert.Equal(
            Path.Combine(directory, "0.log"),
            new FileInfo(Path.Combine(node.Paths.LogLinks, $"log-node1_default_main-{container}.log")).LinkTarget);
    }

    [Theory]
    [InlineData("--since", "yesterday", "--since yesterday: needs a duration")]
    [InlineData("--since-time", "noon", "--since-time noon: needs a time")]
    public async Task Logs_BadTime_IsRefused(string option, string value, string message)
    {
        Requires.Root();
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult result = await sandbox.RunAsync(PublishedBinary.Path, ["logs", "web", option, value], Token);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static async Task<string> LogsAsync(TestNode node, params string[] options) =>
        (await node.RunAsync(["logs", "--root", node.Paths.Root, "log-node1", .. options], Token)).OrThrow().Output;

    private static int[] Numbers(string log) =>
    [
        .. log.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)),
    ];
}
