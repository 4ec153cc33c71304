using System.Globalization;
using Grpc.Core;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>
/// The daemon is killed again and again while pods come and go: none runs twice, none is lost, and what was ready stays so.
/// </summary>
[Trait("Category", "E2E")]
public sealed class CrashChurnTests
{
    private const int Sigkill = 9;
    private const int Names = 5;
    private const int FirstPort = 8080;

    /// <summary>How often; <c>make test-crash</c> asks for more than a usual run.</summary>
    private static readonly int Rounds = int.Parse(
        Environment.GetEnvironmentVariable("NODED_CRASH_ROUNDS") is { Length: > 0 } text ? text : "20", CultureInfo.InvariantCulture);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Daemon_KilledAtRandomUnderChurn_DoublesAndLosesNothing()
    {
        Random random = new(1);
        await using TestNode node = await TestNode.CreateAsync(Token);
        SortedSet<string> wished = [];

        // The containers of pods that nobody has touched since they were looked at last.
        Dictionary<string, string> settled = [];
        for (int round = 0; round < Rounds; round++)
        {
            for (int change = 0; change < 2; change++)
            {
                int number = random.Next(Names);
                string name = string.Create(CultureInfo.InvariantCulture, $"pod{number}");
                settled.Remove(name);
                if (wished.Remove(name))
                {
                    node.Remove(name + ".yaml");
                }
                else
                {
                    wished.Add(name);
                    node.Place(name + ".yaml", Ready(name, FirstPort + number));
                }
            }

            // Somewhere in the middle of what follows from that: a whole pod takes about this long.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(400)), TimeProvider.System, Token);
            await node.StopDaemonAsync(Sigkill, Token);
            await node.StartDaemonAsync(Token);
            AssertAreReady(await node.PodsAsync(Token), settled, round);
            if (round % 5 == 4)
            {
                await AssertIsAsWishedAsync(node, wished, settled, round);
            }
        }

        await AssertIsAsWishedAsync(node, wished, settled, Rounds);
        foreach (string name in wished)
        {
            node.Remove(name + ".yaml");
        }

        await AssertIsAsWishedAsync(node, [], [], Rounds);
    }

    /// <summary>
    /// What the runtime was doing when its client died it may break off, or go on with for a while, and the retry comes
    /// later; until then the node is idle. Returns after a minute at most, however things are then.
    /// </summary>
    private static async Task WaitUntilAsWishedAsync(TestNode node, SortedSet<string> wished)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            while (!await IsAsWishedAsync())
            {
                int seen = (await node.TimelineAsync(patience.Token)).Count(IsStep);
                if (!await IsAsWishedAsync())
                {
                    await node.WaitForTimelineAsync(IsStep, seen + 1, patience.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException && !Token.IsCancellationRequested)
        {
            // The assertions say what is wrong.
        }

        async Task<bool> IsAsWishedAsync()
        {
            await node.WaitIdleAsync(patience.Token);
            IReadOnlyList<Pod> pods = await node.PodsAsync(patience.Token);
            return pods.Select(pod => pod.Name).Order().SequenceEqual(wished.Select(name => $"{name}-node1"))
                && pods.All(pod => pod.Containers is [{ State: "running", Ready: true }])
                && (await node.TestProgramPidsAsync(patience.Token)).Count == wished.Count;
        }

        static bool IsStep(TimelineEntry entry) =>
            entry.What is "removed" or "start container" or "Readiness probe succeeds" || entry.What.EndsWith("→ Running", StringComparison.Ordinal);
    }

    private static async Task AssertIsAsWishedAsync(
        TestNode node, SortedSet<string> wished, Dictionary<string, string> settled, int round)
    {
        await WaitUntilAsWishedAsync(node, wished);
        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);
        IReadOnlyList<string> programs = await node.TestProgramPidsAsync(Token);
        string[] running = [.. pods.Select(pod => $"{pod.Name} {pod.Phase}").Order()];
        Assert.True(
            running.SequenceEqual(wished.Select(name => $"{name}-node1 Running")) && programs.Count == wished.Count,
            $"Round {round}: {programs.Count} programs of {string.Join(", ", running)} where {string.Join(", ", wished)} are wished. "
                + string.Join('\n', (await node.TimelineAsync(Token)).TakeLast(60).Select(
                    entry => $"{entry.Time.ToDateTime():HH:mm:ss.fff} {entry.Subject}: {entry.What}")));
        foreach (string name in wished)
        {
            string container = Assert.Single(pods.Single(pod => pod.Name == $"{name}-node1").Containers).ContainerId;
            Assert.True(
                settled.GetValueOrDefault(name, container) == container, $"Round {round}: {name} ran and was started again.");
            settled[name] = container;
        }

        AssertAreReady(pods, settled, round);
    }

    /// <summary>A pod that a daemon has not come to yet is not among <paramref name="pods"/>.</summary>
    private static void AssertAreReady(IReadOnlyList<Pod> pods, Dictionary<string, string> settled, int round)
    {
        foreach (Container container in pods.SelectMany(pod => pod.Containers).Where(other => settled.ContainsValue(other.ContainerId)))
        {
            Assert.True(container.Ready, $"Round {round}: {container.ContainerId} was ready and is not.");
        }
    }

    /// <summary>A pod of the sandbox's network that is ready when its port is open, which is asked every second.</summary>
    private static string Ready(string name, int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        {{Manifest.Web(name, port)}}
            readinessProbe: {tcpSocket: {port: {{port}}}, periodSeconds: 1}
        """);
}
