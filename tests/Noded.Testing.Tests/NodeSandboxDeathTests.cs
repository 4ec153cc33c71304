namespace Noded.Testing.Tests;

/// <summary>A test process that is killed takes its sandbox along.</summary>
[Trait("Category", "Integration")]
[Collection(nameof(WholeMachine))]
public sealed class NodeSandboxDeathTests
{
    private const string ReportTo = "NODED_TESTING_REPORT_TO";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sandbox_TestProcessKilled_EverythingInsideDies()
    {
        Requires.Root();
        Requires.Program("unshare", "nsenter", "mkfifo");
        DirectoryInfo directory = Directory.CreateTempSubdirectory();

        try
        {
            string fifo = Path.Combine(directory.FullName, "fifo");
            (await ChildProcess.RunAsync("mkfifo", [fifo], Token)).OrThrow();
            string[] hold =
            [
                $"{ReportTo}={fifo}", Path.Combine(AppContext.BaseDirectory, "Noded.Testing.Tests"),
                "--explicit", "only", "--filter-method", $"{typeof(NodeSandboxDeathTests).FullName}.{nameof(HoldASandbox)}",
            ];
            await using ChildProcess harness = ChildProcess.Start("env", hold);
            string[] report = (await File.ReadAllTextAsync(fifo, Token)).Split(' ');
            await using ChildProcess inside =
                ChildProcess.Start("nsenter", "--target", report[0], "--pid", "--", "sh", "-c", "echo in; read -r _");
            await inside.Output.WaitForLineAsync("in", Token);

            await harness.SignalAsync(9, Token);

            Assert.Equal(128 + 9, await inside.WaitForExitAsync(Token));
            await SandboxRemains.RemoveAsync(report[1], new Primitives.NodePaths(report[1]).CgroupPrefix, Token);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>The process that the test above kills.</summary>
    [Fact(Explicit = true)]
    public async Task HoldASandbox()
    {
        string reportTo = Environment.GetEnvironmentVariable(ReportTo) ?? throw new InvalidOperationException(ReportTo);
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        await File.WriteAllTextAsync(reportTo, $"{sandbox.InitPid} {sandbox.Root}", Token);

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token);
    }
}
