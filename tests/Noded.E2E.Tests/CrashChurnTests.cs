using System.Globalization;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>The daemon is killed again and again while pods come and go: none runs twice, and none is lost.</summary>
[Trait("Category", "E2E")]
public sealed class CrashChurnTests
{
    private const int Sigkill = 9;
    private const int Names = 5;

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
        for (int round = 0; round < Rounds; round++)
        {
            for (int change = 0; change < 2; change++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"pod{random.Next(Names)}");
                if (wished.Remove(name))
                {
                    node.Remove(name + ".yaml");
                }
                else
                {
                    wished.Add(name);
                    node.Place(name + ".yaml", Manifest.Pod(name, "Always", "sleep", "100000"));
                }
            }

            // Somewhere in the middle of what follows from that: a whole pod takes about this long.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(400)), TimeProvider.System, Token);
            await node.StopDaemonAsync(Sigkill, Token);
            await node.StartDaemonAsync(Token);
            if (round % 5 == 4)
            {
                await AssertIsAsWishedAsync(node, wished, round);
            }
        }

        await AssertIsAsWishedAsync(node, wished, Rounds);
        foreach (string name in wished)
        {
            node.Remove(name + ".yaml");
        }

        await AssertIsAsWishedAsync(node, [], Rounds);
    }

    private static async Task AssertIsAsWishedAsync(TestNode node, SortedSet<string> wished, int round)
    {
        await node.WaitIdleAsync(Token);
        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);

        // A container that runs again would have been counted: each is still in its first life.
        Assert.Equal(
            wished.Select(name => $"{name}-node1 Running 0"),
            pods.Select(pod => string.Create(
                CultureInfo.InvariantCulture, $"{pod.Name} {pod.Phase} {pod.Containers.Sum(container => container.RestartCount)}")).Order());
        Assert.True(
            (await node.TestProgramPidsAsync(Token)).Count == wished.Count, $"Round {round}: not one program for each of {wished.Count} pods.");
    }
}
