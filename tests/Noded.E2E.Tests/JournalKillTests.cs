using System.Globalization;
using Grpc.Core;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>
/// The daemon is killed before and after every single write of its journal, one after the other: what it had begun is
/// done once, and what was over stays over.
/// </summary>
[Trait("Category", "E2E")]
public sealed class JournalKillTests
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    /// <summary>More than any of these lives has: a journal that is written for ever is a defect, too.</summary>
    private const int MaxPoints = 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_KilledAtEveryPoint_ThePodRunsOnce()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string library = await BuildAsync(node);
        await KillAtEveryPointAsync(
            node,
            library,
            minPoints: 2,
            begin: () => node.Place("pod.yaml", Manifest.Pod("pod", "Always", "sleep", "100000")),
            isDone: async () => (await node.PodsAsync(Token)).Any(pod => pod.Phase == "Running"),
            check: async point =>
            {
                Container container = await node.OnlyContainerAsync(Token);
                Assert.Equal(("running", 0), (container.State, container.RestartCount));
                Assert.Single(await node.TestProgramPidsAsync(Token));
                node.Remove("pod.yaml");
                await node.WaitIdleAsync(Token);
                await AssertNothingIsLeftAsync(node, point);
            });
    }

    [Fact]
    public async Task End_KilledAtEveryPoint_ThePodIsOverAndDoesNotRunAgain()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string library = await BuildAsync(node);
        await KillAtEveryPointAsync(
            node,
            library,
            minPoints: 4,
            begin: () => node.Place("pod.yaml", Manifest.Pod("pod", "Never", "exit", "3")),
            isDone: async () => (await node.PodsAsync(Token)).Any(pod => pod.Phase == "Failed"),
            check: async point =>
            {
                Container container = await node.OnlyContainerAsync(Token);
                Assert.Equal(("terminated", 3, 0), (container.State, container.ExitCode, container.RestartCount));
                node.Remove("pod.yaml");
                await node.WaitIdleAsync(Token);
                await AssertNothingIsLeftAsync(node, point);
            });
    }

    [Fact]
    public async Task Stop_KilledAtEveryPoint_NothingIsLeft()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string library = await BuildAsync(node);
        await RunAsync();
        await KillAtEveryPointAsync(
            node,
            library,
            minPoints: 2,
            begin: () => node.Remove("pod.yaml"),
            isDone: async () => (await node.PodsAsync(Token)).Count == 0,
            check: async point =>
            {
                await AssertNothingIsLeftAsync(node, point);
                await RunAsync();
            });

        async Task RunAsync()
        {
            node.Place("pod.yaml", Manifest.Pod("pod", "Always", "sleep", "100000"));
            await WaitAsync(node, async () => (await node.PodsAsync(Token)).Any(pod => pod.Phase == "Running"));
        }
    }

    /// <param name="begin">What the journal is written for.</param>
    /// <param name="isDone">Whether that is over.</param>
    /// <param name="check">What holds then, whenever the daemon was killed; brings back what was before.</param>
    private static async Task KillAtEveryPointAsync(
        TestNode node, string library, int minPoints, Action begin, Func<Task<bool>> isDone, Func<int, Task> check)
    {
        int point = 0;
        bool wasKilled;
        do
        {
            Assert.InRange(++point, 1, MaxPoints);
            await node.StopDaemonAsync(Sigterm, Token);
            await node.StartDaemonAsync(
                Token,
                "env",
                $"LD_PRELOAD={library}",
                $"KILL_DIRECTORY={node.Paths.PodIntents}",
                string.Create(CultureInfo.InvariantCulture, $"KILL_POINT={point}"));
            begin();
            wasKilled = !await TryWaitAsync(node, isDone);
            await node.StopDaemonAsync(Sigkill, Token);
            await node.StartDaemonAsync(Token);
            await WaitAsync(node, isDone);
            await check(point);
        }
        while (wasKilled);

        Assert.True(point > minPoints, $"Only {point - 1} points: the journal is not where the test looks for it.");
    }

    private static async Task AssertNothingIsLeftAsync(TestNode node, int point)
    {
        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
        Assert.True(
            (await node.Sandbox.RunAsync("pgrep", ["-x", "pause"], Token)).ExitCode == 1, $"Point {point}: a sandbox is left.");
        Assert.Empty(Directory.GetFiles(node.Paths.PodIntents));
    }

    /// <returns>False when the daemon died first.</returns>
    private static async Task<bool> TryWaitAsync(TestNode node, Func<Task<bool>> isDone)
    {
        try
        {
            await WaitAsync(node, isDone);
            return true;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.Internal)
        {
            return false;
        }
    }

    private static async Task WaitAsync(TestNode node, Func<Task<bool>> isDone)
    {
        do
        {
            await node.WaitIdleAsync(Token);
        }
        while (!await isDone());
    }

    private static async Task<string> BuildAsync(TestNode node)
    {
        Requires.Program("gcc");
        string library = Path.Combine(node.Paths.Root, "kill_at_journal.so");
        string source = Path.Combine(RepositoryRoot.Find(), "tests/Noded.E2E.Tests/kill_at_journal.c");
        (await ChildProcess.RunAsync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], Token)).OrThrow();
        return library;
    }
}
