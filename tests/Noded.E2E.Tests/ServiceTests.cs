using Noded.Linux.Cgroups;

namespace Noded.E2E.Tests;

/// <summary>Services of a node without an API server, reached from the node's own processes.</summary>
[Trait("Category", "E2E")]
public sealed class ServiceTests
{
    private const int Sigkill = 9;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Service_OfAPod_LeadsToItAndGoesOnWithoutTheDaemon()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await node.PlaceServicesAsync(
            "web.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: default}
            spec:
              clusterIP: 10.96.0.50
              selector: {app: web}
              ports: [{port: 80, targetPort: http}]
            """,
            Token);
        node.Place("web.yaml", """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: noded.internal/testimage:1
                args: [serve, --http, "8080"]
                ports: [{name: http, containerPort: 8080}]
            """);

        Assert.Contains("hostname web-node1", await FetchAsync(node, "http://10.96.0.50/"), StringComparison.Ordinal);

        string shown = (await node.RunAsync(["services", "--root", node.Paths.Root], Token)).OrThrow().Output;
        string explained =
            (await node.RunAsync(["services", "explain", "--root", node.Paths.Root, "10.96.0.50:80"], Token)).OrThrow().Output;
        Assert.Matches(@"default +web +<unset> +TCP +10\.96\.0\.50:80 +10\.244\.0\.\d+:8080 +[1-9]", shown);
        Assert.StartsWith("10.96.0.50:80/TCP is an address of default/web IPv4 TCP.\nEvery client is led to one of 1 endpoint:\n", explained, StringComparison.Ordinal);

        await node.StopDaemonAsync(Sigkill, Token);
        Assert.Contains("hostname web-node1", await FetchAsync(node, "http://10.96.0.50/"), StringComparison.Ordinal);

        await node.StartDaemonAsync(Token);
        Assert.Contains("hostname web-node1", await FetchAsync(node, "http://10.96.0.50/"), StringComparison.Ordinal);
        Assert.Contains((await node.StatusAsync(Token)).Components, component => component is { Name: "service-proxy", Healthy: true });
    }

    /// <summary>From a process in the node's cgroup: only those reach Services while several nodes share a machine.</summary>
    private static async Task<string> FetchAsync(TestNode node, string url)
    {
        CgroupHierarchies hierarchies = CgroupHierarchies.Discover();
        Cgroup client = new(hierarchies, node.Paths.CgroupPrefix + "/client");
        client.Create();
        string unified = Path.Combine(hierarchies.All.First(hierarchy => hierarchy.IsUnified).MountPoint, client.Path);
        return (await node.Sandbox.RunAsync(
            "sh",
            [
                "-c",
                $"echo $$ > {unified}/cgroup.procs; exec curl --silent --show-error --fail --max-time 20 --retry 100 --retry-delay 0 --retry-max-time 20 --retry-all-errors {url}",
            ],
            Token)).OrThrow().Output;
    }
}
