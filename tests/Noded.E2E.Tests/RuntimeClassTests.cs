using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Pods that a second runtime runs: gVisor, whose containers see a kernel of its own.</summary>
[Trait("Category", "E2E")]
public sealed class RuntimeClassTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pod_OfAClass_IsRunByItsRuntimeAndHasItsOverhead()
    {
        Requires.Program("runsc");
        await using TestNode node = await TestNode.CreateAsync(Token);
        await AddRuntimeAsync(node);
        node.Place("plain.yaml", APod("plain", string.Empty));
        node.Place("guarded.yaml", APod("guarded", "runtimeClassName: gvisor"));
        Event missing = await node.WaitForEventAsync(happened => happened.Reason == "FailedCreatePodSandBox", Token);
        Assert.Equal("Failed to create pod sandbox: runtimeclass.node.k8s.io \"gvisor\" not found", missing.Message);

        Directory.CreateDirectory(node.Paths.RuntimeClasses);
        await File.WriteAllTextAsync(
            Path.Combine(node.Paths.RuntimeClasses, "gvisor.yaml"),
            """
            apiVersion: node.k8s.io/v1
            kind: RuntimeClass
            metadata: {name: gvisor}
            handler: runsc
            overhead: {podFixed: {cpu: 100m, memory: 32Mi}}
            """,
            Token);
        await node.WaitForEventAsync(
            happened => happened.Reason == "Started" && happened.Object.Contains("guarded", StringComparison.Ordinal), Token);
        await node.WaitIdleAsync(Token);

        Assert.All(await node.PodsAsync(Token), pod => Assert.Equal("Running", pod.Phase));
        string kernel = await File.ReadAllTextAsync("/proc/version", Token);
        Assert.Equal(kernel, await KernelAsync("plain"));
        Assert.StartsWith("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", await KernelAsync("guarded"), StringComparison.Ordinal);

        string uid = Assert.Single(await node.PodsAsync(Token), pod => pod.Name == "guarded-node1").Uid;
        CgroupFiles files = new(node.Paths.CgroupPrefix);
        Assert.Equal("30000", files.Read($"kubepods/pod{uid}", "cpu", "cpu.cfs_quota_us"));
        Assert.Equal("307", files.Read($"kubepods/pod{uid}", "cpu", "cpu.shares"));
        Assert.Equal($"{96 << 20}", files.Read($"kubepods/pod{uid}", "memory", "memory.limit_in_bytes"));

        async Task<string> KernelAsync(string pod) => (await node.RunAsync(
            ["exec", "--root", node.Paths.Root, $"{pod}-node1", "--", "/testimage", "show", "/proc/version"], Token)).OrThrow().Output;
    }

    /// <summary>
    /// As docs/configuration.md says it. containerd's own shim starts any OCI runtime. These are the ways of gVisor that ask
    /// nothing of the machine: its host is the pod's network namespace. That shim does not learn of the end of a container
    /// that has no process of its own, so no container ends here before the node does.
    /// </summary>
    private static async Task AddRuntimeAsync(TestNode node)
    {
        string program = node.Paths.Under("runsc");
        await File.WriteAllTextAsync(
            program,
            """
            #!/bin/sh
            # What a container is served by outlives its start, and would keep open the pipes that the shim reads to their end.
            case " $* " in *" start "*) exec >/dev/null 2>&1;; esac
            exec runsc --platform=ptrace --network=host --ignore-cgroups "$@"
            """,
            Token);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string cri = (await File.ReadAllTextAsync(node.Paths.ContainerdConfig, Token)).Contains("version = 3", StringComparison.Ordinal)
            ? "io.containerd.cri.v1.runtime"
            : "io.containerd.grpc.v1.cri";
        Directory.CreateDirectory(node.Paths.ContainerdDropIns);
        await File.WriteAllTextAsync(
            Path.Combine(node.Paths.ContainerdDropIns, "runsc.toml"),
            $"""
            [plugins."{cri}".containerd.runtimes.runsc]
            runtime_type = "io.containerd.runc.v2"

            [plugins."{cri}".containerd.runtimes.runsc.options]
            BinaryName = "{program}"
            """,
            Token);

        // It counts from the next start of containerd on.
        await node.KillAsync((await File.ReadAllTextAsync(node.Paths.ContainerdPid, Token)).Split(' ')[0], Token);
        await node.WaitForTimelineAsync(entry => entry.What == "event stream open", 2, Token);
    }

    private static string APod(string name, string runtimeClass) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}} }
        spec:
          {{runtimeClass}}
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: {{TestNode.Image}}
            args: [serve, --http, "80"]
            resources: {limits: {cpu: 200m, memory: 64Mi} }
        """;
}
