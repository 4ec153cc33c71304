using System.Text;
using Grpc.Core;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests.PodTable;

/// <summary>
/// A table of pods: for each what the kubelet would make of it, its events in their order, its final state and what
/// its container saw. <c>outcomes.txt</c> holds what is expected; with NODED_RECORD=1 it is written anew, to be read
/// before it is committed.
/// </summary>
[Trait("Category", "E2E")]
public sealed class PodTableTests
{
    private const string RecordVariable = "NODED_RECORD";
    private const int Together = 25;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string OutcomesFile => Path.Combine(RepositoryRoot.Find(), "tests/Noded.E2E.Tests/PodTable/outcomes.txt");

    private static bool IsRecording => Environment.GetEnvironmentVariable(RecordVariable) == "1";

    [Fact]
    public void Table_HasAHundredAndFiftyPods_EachOnce()
    {
        string[] names = [.. PodCases.All.Select(pod => pod.Name)];

        Assert.True(names.Length >= 150, $"{names.Length} pods");
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Fact]
    public async Task Pods_OfTheTable_HaveTheirEventsAndTheirEnd()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        Dictionary<string, string> expected = Read();
        List<string> found = [];
        foreach (PodCase[] batch in PodCases.All.Chunk(Together))
        {
            Array.ForEach(batch, pod => node.Place($"{pod.Name}.yaml", pod.Manifest));
            string[] outcomes = IsRecording ? await RecordAsync(node, batch) : await WaitForAsync(node, batch, expected);
            found.AddRange(outcomes);
            Array.ForEach(batch, pod => node.Remove($"{pod.Name}.yaml"));
            await node.WaitIdleAsync(Token);
        }

        if (IsRecording)
        {
            await File.WriteAllTextAsync(OutcomesFile, string.Join('\n', found) + "\n", Token);
        }

        IEnumerable<string> others = PodCases.All.Zip(found)
            .Where(pair => expected.GetValueOrDefault(pair.First.Name) != pair.Second)
            .Select(pair => $"expected {expected.GetValueOrDefault(pair.First.Name, "nothing")}\nfound {pair.Second}");
        string report = string.Join("\n\n", others);
        Assert.True(report.Length == 0, report);
        Assert.Empty(await node.PodsAsync(Token));
    }

    /// <summary>Waits until every pod is as expected; who is not by then is returned as it is.</summary>
    private static async Task<string[]> WaitForAsync(TestNode node, PodCase[] pods, Dictionary<string, string> expected)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        Dictionary<string, string> outcomes = [];
        try
        {
            using AsyncServerStreamingCall<TimelineEntry> call =
                node.Operator.Timeline(new TimelineRequest { Follow = true }, cancellationToken: patience.Token);
            while (true)
            {
                PodCase[] left = [.. pods.Where(pod => outcomes.GetValueOrDefault(pod.Name) != expected.GetValueOrDefault(pod.Name, ""))];
                if (left.Length == 0)
                {
                    break;
                }

                await LookAsync(node, left, outcomes);

                // Whatever happens next may be what is waited for.
                await call.ResponseStream.MoveNext(patience.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            await LookAsync(node, pods, outcomes);
        }

        return [.. pods.Select(pod => outcomes[pod.Name])];
    }

    /// <summary>Looks when nothing has changed for a while.</summary>
    private static async Task<string[]> RecordAsync(TestNode node, PodCase[] pods)
    {
        await node.WaitIdleAsync(Token);
        await Task.Delay(Quiet, TimeProvider.System, Token);
        await node.WaitIdleAsync(Token);
        Dictionary<string, string> outcomes = [];
        await LookAsync(node, pods, outcomes);
        return [.. pods.Select(pod => outcomes[pod.Name])];
    }

    private static async Task LookAsync(TestNode node, PodCase[] pods, Dictionary<string, string> outcomes)
    {
        IReadOnlyList<Pod> seen = await node.PodsAsync(Token);
        List<Event> events = await EventsAsync(node);
        foreach (PodCase pod in pods)
        {
            outcomes[pod.Name] = PodOutcome.Describe(
                pod,
                seen.FirstOrDefault(candidate => candidate.Name == $"{pod.Name}-node1"),
                events,
                pod.Log is null ? [] : await LogAsync(node, pod));
        }
    }

    private static async Task<List<Event>> EventsAsync(TestNode node)
    {
        List<Event> events = [];
        using AsyncServerStreamingCall<Event> call = node.Operator.Events(new EventsRequest(), cancellationToken: Token);
        await foreach (Event happened in call.ResponseStream.ReadAllAsync(Token))
        {
            events.Add(happened);
        }

        return events;
    }

    private static async Task<string[]> LogAsync(TestNode node, PodCase pod)
    {
        StringBuilder text = new();
        try
        {
            using AsyncServerStreamingCall<LogChunk> call = node.Operator.Logs(
                new LogsRequest { Pod = $"default/{pod.Name}-node1", Container = "main", Tail = -1 }, cancellationToken: Token);
            await foreach (LogChunk chunk in call.ResponseStream.ReadAllAsync(Token))
            {
                text.Append(chunk.Content.ToStringUtf8());
            }
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.InvalidArgument)
        {
            // It has not started, or never will.
        }

        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>What is expected, by the pod's name: blocks that begin with it.</summary>
    private static Dictionary<string, string> Read()
    {
        Dictionary<string, string> outcomes = [];
        string? name = null;
        foreach (string line in File.Exists(OutcomesFile) ? File.ReadLines(OutcomesFile) : [])
        {
            if (!line.StartsWith(' '))
            {
                name = line;
                outcomes[name] = line;
            }
            else if (name is not null)
            {
                outcomes[name] += "\n" + line;
            }
        }

        return outcomes;
    }
}
