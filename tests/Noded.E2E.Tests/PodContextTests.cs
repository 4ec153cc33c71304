using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>What a container finds around it: environment, names, files and limits, as its manifest says.</summary>
[Trait("Category", "E2E")]
public sealed class PodContextTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("hostPID: true", "pid", true)]
    [InlineData("hostPID: false", "pid", false)]
    [InlineData("hostIPC: true", "ipc", true)]
    [InlineData("hostIPC: false", "ipc", false)]
    public async Task Namespace_OfTheHostOrItsOwn_IsAsTheManifestSays(string field, string kind, bool isHosts)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080).Replace("spec:\n", $"spec:\n  {field}\n", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        string pid = Assert.Single(await node.TestProgramPidsAsync(Token));

        Assert.Equal(isHosts, await NamespaceAsync(node, pid, kind) == await NamespaceAsync(node, "1", kind));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Containers_OfAPod_ShareTheirProcessesIfTheManifestSaysSo(bool areShared)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: web}
            spec:
              hostNetwork: true
              terminationGracePeriodSeconds: 1
              shareProcessNamespace: {{(areShared ? "true" : "false")}}
              containers:
              - {name: a, image: "noded.internal/testimage:1", args: [serve, --http, "8080"]}
              - {name: b, image: "noded.internal/testimage:1", args: [serve, --http, "8081"]}
            """);
        await node.WaitIdleAsync(Token);

        IReadOnlyList<string> pids = await node.TestProgramPidsAsync(Token);

        Assert.Equal(2, pids.Count);
        Assert.Equal(
            areShared, await NamespaceAsync(node, pids[0], "pid") == await NamespaceAsync(node, pids[1], "pid"));
        Assert.NotEqual(await NamespaceAsync(node, "1", "pid"), await NamespaceAsync(node, pids[0], "pid"));
    }

    private static async Task<string> NamespaceAsync(TestNode node, string pid, string kind) =>
        (await node.Sandbox.RunAsync("readlink", [$"/proc/{pid}/ns/{kind}"], Token)).OrThrow().Output.Trim();

    [Fact]
    public async Task Variables_OfAFileThatAnInitContainerWrote_AreTheMainContainers()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        const string pod = """
            apiVersion: v1
            kind: Pod
            metadata: {name: NAME}
            spec:
              terminationGracePeriodSeconds: 1
              volumes: [{name: config, emptyDir: {}}]
              initContainers:
              - name: setup
                image: noded.internal/testimage:1
                args: [write, /data/app.env, "# made at start\nADDRESS='a b' # in quotes\nTEXT='one\ntwo'\n", "0"]
                volumeMounts: [{name: config, mountPath: /data}]
              containers:
              - name: main
                image: noded.internal/testimage:1
                args: [serve, --http, "8080"]
                env:
                - {name: ADDRESS, valueFrom: {fileKeyRef: {volumeName: config, path: app.env, key: KEY}}}
                - {name: TEXT, valueFrom: {fileKeyRef: {volumeName: config, path: app.env, key: TEXT}}}
                - {name: NONE, valueFrom: {fileKeyRef: {volumeName: config, path: no.env, key: A, optional: true}}}
                - {name: BOTH, value: "$(ADDRESS) $(NONE)"}
            """;
        node.Place("good.yaml", pod.Replace("NAME", "good", StringComparison.Ordinal).Replace("KEY", "ADDRESS", StringComparison.Ordinal));
        node.Place("bad.yaml", pod.Replace("NAME", "bad", StringComparison.Ordinal).Replace("KEY", "OTHER", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);
        Pod good = Assert.Single(pods, candidate => candidate.Name == "good-node1");
        string environment = await node.FetchAsync($"http://{Assert.Single(good.Ips)}:8080/env", Token);
        Assert.Contains("ADDRESS=a b\nTEXT=one\ntwo\nBOTH=a b $(NONE)\n", environment, StringComparison.Ordinal);
        Container refused = Assert.Single(
            Assert.Single(pods, candidate => candidate.Name == "bad-node1").Containers, container => container.Name == "main");
        Assert.Equal(("waiting", "CreateContainerConfigError"), (refused.State, refused.Reason));
        Assert.Equal("couldn't find key OTHER in env file app.env of volume config", refused.Message);
    }

    [Fact]
    public async Task Container_OfAFullManifest_FindsWhatItSays()
    {
        await using TestNode node = await TestNode.CreateAsync(
            Token, "--cluster-dns", "10.96.0.10", "--cluster-domain", "cluster.test");
        Directory.CreateDirectory(Path.Combine(node.Paths.Kubelet, "seccomp"));
        await File.WriteAllTextAsync(
            Path.Combine(node.Paths.Kubelet, "seccomp/open.json"), """{"defaultAction": "SCMP_ACT_ALLOW"}""", Token);
        node.Place("web.yaml", """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web
              labels: {app: shop}
            spec:
              terminationGracePeriodSeconds: 1
              subdomain: sub
              setHostnameAsFQDN: true
              hostAliases: [{ip: 192.0.2.7, hostnames: [alias.example]}]
              dnsConfig: {searches: [own.example]}
              securityContext:
                sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "79"}]
                seccompProfile: {type: Localhost, localhostProfile: open.json}
              containers:
              - name: main
                image: noded.internal/testimage:1
                args: [serve, --http, "80"]
                securityContext: {runAsNonRoot: true, runAsUser: 1000}
                resources: {limits: {cpu: 250m, memory: 64Mi}}
                env:
                - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
                - {name: BOTH, value: "$(NAME) $(CPU)"}
            """);
        await node.WaitIdleAsync(Token);

        string ip = Assert.Single(Assert.Single(await node.PodsAsync(Token)).Ips);

        string environment = await node.FetchAsync($"http://{ip}/env", Token);
        foreach (string variable in (string[])["NAME=web-node1", "APP=shop", $"IP={ip}", "CPU=250", "BOTH=web-node1 250"])
        {
            Assert.Contains(variable + "\n", environment, StringComparison.Ordinal);
        }

        Assert.Contains(
            "hostname web-node1.sub.default.svc.cluster.test\n", await node.FetchAsync($"http://{ip}/", Token), StringComparison.Ordinal);
        string root = $"/proc/{Assert.Single(await node.TestProgramPidsAsync(Token))}";
        string hosts = await ReadAsync(node, $"{root}/root/etc/hosts");
        Assert.Contains($"\n{ip}\tweb-node1.sub.default.svc.cluster.test\n", hosts, StringComparison.Ordinal);
        Assert.Contains("\n192.0.2.7\talias.example\n", hosts, StringComparison.Ordinal);
        string resolvConf = await ReadAsync(node, $"{root}/root/etc/resolv.conf");
        Assert.Contains("nameserver 10.96.0.10\n", resolvConf, StringComparison.Ordinal);
        Assert.Contains("search default.svc.cluster.test svc.cluster.test cluster.test", resolvConf, StringComparison.Ordinal);
        Assert.Contains(" own.example", resolvConf, StringComparison.Ordinal);
        Assert.Contains("options ndots:5", resolvConf, StringComparison.Ordinal);

        // A seccomp filter, and port 80 without a capability for it: the sysctl is the pod's.
        string status = await ReadAsync(node, $"{root}/status");
        Assert.Contains("Uid:\t1000\t", status, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2\n", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_ThatMustNotBeRoot_IsNotStartedAsRoot()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Manifest.OwnNetwork("web", ports: "securityContext: {runAsNonRoot: true}"));
        Event failed = await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Failed", Token);
        await node.WaitIdleAsync(Token);

        Assert.StartsWith("Error: container has runAsNonRoot and image will run as root (pod: \"web-node1_default(", failed.Message, StringComparison.Ordinal);
        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal(("waiting", "CreateContainerConfigError"), (container.State, container.Reason));
    }

    private static async Task<string> ReadAsync(TestNode node, string path) =>
        (await node.Sandbox.RunAsync("cat", [path], Token)).OrThrow().Output;
}
