using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>A pod from its first container to its last, on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class PodLifecycleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sidecar_OfAJob_StartsBeforeAndEndsAfterIt()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("job.yaml", """
            apiVersion: v1
            kind: Pod
            metadata: {name: job}
            spec:
              restartPolicy: Never
              initContainers:
              - {name: prepare, image: "noded.internal/testimage:1", args: [exit, "0"]}
              - {name: sidecar, image: "noded.internal/testimage:1", args: [serve, --http, "8080"], restartPolicy: Always}
              containers:
              - {name: main, image: "noded.internal/testimage:1", args: [exit, "0", "500"]}
            """);
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Succeeded", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        string[] events = [.. (await node.TimelineAsync(Token))
            .Where(entry => entry.What is "start container" || entry.What.StartsWith("event Killing", StringComparison.Ordinal))
            .Select(entry => $"{entry.Subject.Split('{', '}')[1]} {entry.What.Split(':')[0]}")];
        Assert.Equal(
            [
                "prepare start container", "sidecar start container",
                "main start container", "sidecar event Killing",
            ],
            events);
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Deadline_Passes_ThePodHasFailedAndRunsNoMore()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Manifest.Web("web", 8080) + "\n  activeDeadlineSeconds: 2");
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "DeadlineExceeded", Token);
        await node.WaitIdleAsync(Token);

        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal(("Failed", "terminated"), (pod.Phase, Assert.Single(pod.Containers).State));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }
}
