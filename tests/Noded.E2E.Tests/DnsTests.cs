using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Names of the cluster as a pod's libc finds them.</summary>
[Trait("Category", "E2E")]
public sealed class DnsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pod_AsksForAService_ReachesItByName()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await node.PlaceServicesAsync(
            "services.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
              selector: {app: web}
              ports: [{port: 80, targetPort: http}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: peers}
            spec:
              clusterIP: None
              selector: {app: web}
            """,
            Token);
        node.Place("web.yaml", """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: web}}
            spec:
              hostname: first
              subdomain: peers
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: noded.internal/testimage:1
                args: [serve, --http, "8080"]
                ports: [{name: http, containerPort: 8080}]
            """);
        await node.WaitIdleAsync(Token);
        Pod pod = Assert.Single(await node.PodsAsync(Token));

        Assert.Contains("hostname first", await InPodAsync(node, "fetch", "web", "80", "/"), StringComparison.Ordinal);
        Assert.Equal(Assert.Single(pod.Ips), await InPodAsync(node, "resolve", "first.peers.default.svc.cluster.local."));
        Assert.Equal(Assert.Single(pod.Ips), await InPodAsync(node, "resolve", "peers.default"));
        Assert.Contains("10.96.0.10/32", await LoopbackAsync(node), StringComparison.Ordinal);

        (await node.RunAsync(["reset", "--root", node.Paths.Root], Token)).OrThrow();
        Assert.DoesNotContain("10.96.0.10", await LoopbackAsync(node), StringComparison.Ordinal);
    }

    /// <summary>Runs one of the test image's commands in the pod until it succeeds: names come when their Services do.</summary>
    private static async Task<string> InPodAsync(TestNode node, params string[] command)
    {
        while (true)
        {
            Token.ThrowIfCancellationRequested();
            ProgramResult result = await node.RunAsync(
                ["exec", "--root", node.Paths.Root, "web-node1", "--", "/testimage", .. command], Token);
            if (result.ExitCode == 0)
            {
                return result.Output.Trim();
            }
        }
    }

    private static async Task<string> LoopbackAsync(TestNode node) =>
        (await node.Sandbox.RunAsync("ip", ["-o", "address", "show", "dev", "lo"], Token)).OrThrow().Output;
}
