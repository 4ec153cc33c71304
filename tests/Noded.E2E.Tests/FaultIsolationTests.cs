using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>What hangs for one pod hangs for that pod alone.</summary>
[Trait("Category", "E2E")]
public sealed class FaultIsolationTests
{
    private const int Others = 8;
    private const string Hanging = "/run/hanging";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mount_ThatNeverAnswers_StallsItsPodAlone()
    {
        Assert.SkipUnless(File.Exists("/dev/fuse"), "Needs FUSE.");
        await using TestNode node = await TestNode.CreateAsync(Token);
        (await node.Sandbox.RunAsync("mkdir", [Hanging], Token)).OrThrow();
        ChildProcess server = await node.Sandbox.StartAsync(
            Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage"), ["hang-mount", Hanging], Token);
        await server.Output.WaitForLineAsync($"hanging {Hanging}", Token);
        node.Place("stuck.yaml", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: stuck}
            spec:
              terminationGracePeriodSeconds: 1
              volumes: [{name: v, hostPath: {path: {{Hanging}}/inside, type: Directory} }]
              containers:
              - {name: main, image: {{TestNode.Image}}, args: [sleep, "3600"], volumeMounts: [{name: v, mountPath: /v}] }
            """);
        await node.WaitForTimelineAsync(
            entry => entry.Kind == "Decided" && entry.Subject.Contains("stuck", StringComparison.Ordinal), 1, Token);

        foreach (int i in Enumerable.Range(0, Others))
        {
            node.Place($"web-{i}.yaml", Manifest.OwnNetwork($"web-{i}"));
        }

        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Running", StringComparison.Ordinal), Others, Token);
        foreach (int i in Enumerable.Range(0, Others))
        {
            node.Remove($"web-{i}.yaml");
        }

        await node.WaitForTimelineAsync(entry => entry.What == "removed", Others, Token);

        // What it waits for is told when that takes half a minute.
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(90));
        Pod stuck = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal("Pending", stuck.Phase);
        while (!stuck.Json.Contains("PodRuntimeStalled", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, patience.Token);
            stuck = Assert.Single(await node.PodsAsync(patience.Token));
        }

        Assert.Contains("mount", stuck.Json, StringComparison.Ordinal);
        Assert.Contains((await node.StatusAsync(Token)).Components, component => component is { Name: "kubelet", Healthy: true });

        // Its server ends, and with it every wait for it: the pod learns that there is no such directory.
        await server.DisposeAsync();
        Event failed = await node.WaitForEventAsync(happened => happened.Reason == "FailedMount", Token);
        Assert.Contains("stuck", failed.Object, StringComparison.Ordinal);
    }
}
