using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Pods with a network of their own: containerd drives our plugins, and packets tell what came of it.</summary>
[Trait("Category", "E2E")]
public sealed class PodNetworkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pods_OfBothFamilies_ReachEachOtherAndTheHostAndAreReached()
    {
        await using TestNode node = await TestNode.CreateAsync(
            Token,
            "--pod-cidr", "10.244.0.0/24,fd00:10:244::/64",
            "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56",
            "--service-cidr", "10.96.0.0/12,fd00:10:96::/112");
        node.Place("a.yaml", Manifest.OwnNetwork("a"));
        node.Place("b.yaml", Manifest.OwnNetwork("b"));
        node.Place("host.yaml", Manifest.Web("host", 8080));
        await node.WaitIdleAsync(Token);

        (Pod a, string[] ipsOfA) = await AddressesAsync(node, "a-node1");
        (_, string[] ipsOfB) = await AddressesAsync(node, "b-node1");

        Assert.Equal("Running", a.Phase);
        Assert.StartsWith("10.244.0.", ipsOfA[0], StringComparison.Ordinal);
        Assert.StartsWith("fd00:10:244::", ipsOfA[1], StringComparison.Ordinal);
        Assert.Equal(4, ipsOfA.Concat(ipsOfB).Distinct().Count());
        for (int family = 0; family < 2; family++)
        {
            Assert.Contains("hostname a-node1", await node.FetchAsync(Url(ipsOfA[family]), Token), StringComparison.Ordinal);
            Assert.Contains(
                ClientLine(ipsOfA[family]), await FetchFromAsync(node, a, Url(ipsOfB[family])), StringComparison.Ordinal);
            string gateway = family == 0 ? "10.244.0.1" : "fd00:10:244::1";
            Assert.Contains(
                ClientLine(ipsOfA[family]), await FetchFromAsync(node, a, Url(gateway, 8080)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task HostPort_FromOutsideTheHostAndThePodItself_LeadsToThePodUntilItIsRemoved()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using NodeSandbox outside = await NodeSandbox.CreateAsync(Token);
        await NodeSandbox.LinkAsync(
            new SandboxLinkEnd(node.Sandbox, "uplink", "192.0.2.1/24"), new SandboxLinkEnd(outside, "uplink", "192.0.2.2/24"), Token);
        node.Place("web.yaml", Manifest.OwnNetwork("web", ports: "ports: [{containerPort: 80, hostPort: 8081}]"));
        await node.WaitIdleAsync(Token);
        (Pod pod, _) = await AddressesAsync(node, "web-node1");

        Assert.Contains(ClientLine("192.0.2.2"), await CurlAsync(outside, [], "http://192.0.2.1:8081/"), StringComparison.Ordinal);
        Assert.Contains("hostname web-node1", await node.FetchAsync("http://127.0.0.1:8081/", Token), StringComparison.Ordinal);
        Assert.Contains("hostname web-node1", await FetchFromAsync(node, pod, "http://192.0.2.1:8081/"), StringComparison.Ordinal);

        node.Remove("web.yaml");
        await node.WaitIdleAsync(Token);

        Assert.Equal(7, (await node.Sandbox.RunAsync("curl", ["--silent", "http://127.0.0.1:8081/"], Token)).ExitCode);
        Assert.Equal(
            $"table inet {node.Paths.Instance}-services\n", (await node.Sandbox.RunAsync("nft", ["list", "tables"], Token)).OrThrow().Output);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(node.Paths.CniNetworks, node.Paths.Instance), "10.244.*"));
        Assert.DoesNotContain("veth", (await node.Sandbox.RunAsync("ip", ["link"], Token)).OrThrow().Output, StringComparison.Ordinal);
    }

    /// <summary>curl runs outside the cgroup whose sockets are translated: its packets are.</summary>
    [Fact]
    public async Task Service_FromAPodAndFromOutside_LeadsToThePod()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using NodeSandbox outside = await NodeSandbox.CreateAsync(Token);
        await NodeSandbox.LinkAsync(
            new SandboxLinkEnd(node.Sandbox, "uplink", "192.0.2.1/24"), new SandboxLinkEnd(outside, "uplink", "192.0.2.2/24"), Token);
        await node.PlaceServicesAsync(
            "web.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: default}
            spec:
              type: NodePort
              clusterIP: 10.96.0.51
              selector: {app: web}
              ports: [{port: 80, nodePort: 30080}]
            """,
            Token);
        node.Place("web.yaml", Manifest.OwnNetwork("web", metadata: "labels: {app: web}"));
        node.Place("other.yaml", Manifest.OwnNetwork("other"));
        await node.WaitIdleAsync(Token);
        (Pod web, _) = await AddressesAsync(node, "web-node1");
        (Pod other, _) = await AddressesAsync(node, "other-node1");

        Assert.Contains("hostname web-node1", await FetchFromAsync(node, other, "http://10.96.0.51/"), StringComparison.Ordinal);
        Assert.Contains("hostname web-node1", await FetchFromAsync(node, web, "http://10.96.0.51/"), StringComparison.Ordinal);
        Assert.Contains("hostname web-node1", await FetchFromAsync(node, other, "http://192.0.2.1:30080/"), StringComparison.Ordinal);
        Assert.Contains("hostname web-node1", await CurlAsync(outside, [], "http://192.0.2.1:30080/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_FromAPod_SeesTheHostsAddress()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using NodeSandbox outside = await NodeSandbox.CreateAsync(Token);
        await NodeSandbox.LinkAsync(
            new SandboxLinkEnd(node.Sandbox, "uplink", "192.0.2.1/24"), new SandboxLinkEnd(outside, "uplink", "192.0.2.2/24"), Token);
        node.Place("web.yaml", Manifest.OwnNetwork("web"));
        await node.WaitIdleAsync(Token);
        (Pod pod, _) = await AddressesAsync(node, "web-node1");
        await using ChildProcess server = await outside.StartAsync(TestProgram, ["http", "8082"], Token);
        await server.Output.WaitForLineAsync("listening http 8082", Token);

        Assert.Contains(ClientLine("192.0.2.1"), await FetchFromAsync(node, pod, "http://192.0.2.2:8082/"), StringComparison.Ordinal);
        Assert.Contains(
            "No route to host",
            (await node.Sandbox.RunAsync("ip", ["route", "get", "10.96.0.1"], Token)).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Network_None_IsLoopbackAlone()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("alone.yaml", Manifest.OwnNetwork("alone", "annotations: {noded.dev/network: none}"));
        await node.WaitIdleAsync(Token);

        (Pod pod, string[] ips) = await AddressesAsync(node, "alone-node1");

        Assert.Equal("Running", pod.Phase);
        Assert.Empty(ips);
        string[] enter = await EnterAsync(node, pod);
        string links = (await node.Sandbox.RunAsync(enter[0], [.. enter[1..], "ip", "-brief", "link"], Token)).OrThrow().Output;
        Assert.StartsWith("lo", Assert.Single(links.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("hostname alone-node1", await FetchFromAsync(node, pod, "http://127.0.0.1/"), StringComparison.Ordinal);
        node.Remove("alone.yaml");
        await node.WaitIdleAsync(Token);
        Assert.Empty(await node.PodsAsync(Token));
    }

    [Fact]
    public async Task Daemon_KilledAndBack_LeavesThePodsNetworkUntouched()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.OwnNetwork("web"));
        await node.WaitIdleAsync(Token);
        (_, string[] before) = await AddressesAsync(node, "web-node1");

        await node.StopDaemonAsync(9, Token);
        Assert.Contains("hostname web-node1", await node.FetchAsync(Url(before[0]), Token), StringComparison.Ordinal);
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        (_, string[] after) = await AddressesAsync(node, "web-node1");
        Assert.Equal(before, after);
        Assert.Contains("hostname web-node1", await node.FetchAsync(Url(after[0]), Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PodCidr_None_PodsInTheHostsNetworkRunAndOthersSayWhyNot()
    {
        await using TestNode node = await TestNode.CreateAsync(Token, "--pod-cidr", "none");
        node.Place("host.yaml", Manifest.Web("host", 8080));
        node.Place("web.yaml", Manifest.OwnNetwork("web"));

        await node.WaitForEventAsync(
            nodeEvent => nodeEvent.Reason == "FailedCreatePodSandBox"
                && nodeEvent.Message.Contains("cni plugin not initialized", StringComparison.Ordinal),
            Token);

        Assert.Contains("path /", await node.FetchAsync("http://127.0.0.1:8080/", Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--pod-cidr", "10.244.0.0", "--pod-cidr 10.244.0.0: needs an address with a prefix length")]
    [InlineData("--pod-cidr", "10.1.0.0/24", "pod CIDR 10.1.0.0/24 is in none of the cluster's: 10.244.0.0/16.")]
    public async Task Run_BadCidr_IsRefused(string option, string value, string message)
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult result =
            await sandbox.RunAsync(PublishedBinary.Path, ["run", "--root", sandbox.Root, option, value], Token);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static string TestProgram => Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage");

    /// <summary>What the page says of who asked; the server listens on both families with one socket.</summary>
    private static string ClientLine(string ip) =>
        ip.Contains(':', StringComparison.Ordinal) ? $"client {ip} " : $"client ::ffff:{ip} ";

    private static string Url(string ip, int port = 80) => ip.Contains(':', StringComparison.Ordinal)
        ? $"http://[{ip}]:{port}/"
        : $"http://{ip}:{port}/";

    private static async Task<(Pod Pod, string[] Ips)> AddressesAsync(TestNode node, string name)
    {
        Pod pod = Assert.Single(await node.PodsAsync(Token), pod => pod.Name == name);
        return (pod, [.. pod.Ips]);
    }

    /// <summary>Fetches a page from inside a pod's network.</summary>
    private static async Task<string> FetchFromAsync(TestNode node, Pod pod, string url) =>
        await CurlAsync(node.Sandbox, await EnterAsync(node, pod), url);

    private static async Task<string> CurlAsync(NodeSandbox sandbox, string[] prefix, string url)
    {
        string[] command =
            [.. prefix, "curl", "--silent", "--show-error", "--fail", "--max-time", "5", "--retry", "10", "--retry-delay", "0",
                "--retry-max-time", "10", "--retry-all-errors", url];
        return (await sandbox.RunAsync(command[0], command[1..], Token)).OrThrow().Output;
    }

    /// <summary>The command that runs another one in the network of a pod, found by its container's cgroup.</summary>
    private static async Task<string[]> EnterAsync(TestNode node, Pod pod)
    {
        string container = Assert.Single(pod.Containers).ContainerId;
        string find = $"grep -l {container.Split('/')[^1]} /proc/[0-9]*/cgroup 2>/dev/null | head -1 | cut -d/ -f3";
        string pid = (await node.Sandbox.RunAsync("sh", ["-c", find], Token)).OrThrow().Output.Trim();
        return ["nsenter", $"--net=/proc/{pid}/ns/net", "--"];
    }
}
