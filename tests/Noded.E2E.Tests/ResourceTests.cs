using Noded.Kubelet.Runtime;
using Noded.Linux.Processes;
using Noded.Primitives;
using Noded.Protocols.Operator.V1;
using Container = Noded.Protocols.Operator.V1.Container;

namespace Noded.E2E.Tests;

/// <summary>What pods may use, as the kernel has it, and what becomes of those that want more.</summary>
[Trait("Category", "E2E")]
[Trait("Category", "Machine")]
public sealed class ResourceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cgroups_OfEachClass_HaveTheLimitsOfTheirPodsAndOfTheNode()
    {
        await using TestNode node = await TestNode.CreateAsync(
            """
            podPidsLimit: 77
            systemReserved: {cpu: 500m, memory: 1Gi, pid: "2000"}
            """,
            Token);
        node.Place("guaranteed.yaml", Manifest.Alone("guaranteed", "{limits: {cpu: 200m, memory: 64Mi}}"));
        node.Place("burstable.yaml", Manifest.Alone("burstable", "{requests: {cpu: 500m}}"));
        node.Place("besteffort.yaml", Manifest.Alone("besteffort", "{}"));
        await node.WaitIdleAsync(Token);
        CgroupFiles files = new(node.Paths.CgroupPrefix);

        string[] share = files.IsUnified ? ["29", "59", "1"] : ["204", "512", "2"];
        Assert.Equal(files.IsUnified ? "20000 100000" : "20000", files.Read(Pod("kubepods/pod*"), "cpu", "cpu.cfs_quota_us"));
        Assert.Equal(share[0], files.Read(Pod("kubepods/pod*"), "cpu", "cpu.shares"));
        Assert.Equal("67108864", files.Read(Pod("kubepods/pod*"), "memory", "memory.limit_in_bytes"));
        Assert.Equal(share[1], files.Read(Pod("kubepods/burstable/pod*"), "cpu", "cpu.shares"));
        Assert.Equal(share[1], files.Read("kubepods/burstable", "cpu", "cpu.shares"));
        Assert.Equal(share[2], files.Read(Pod("kubepods/besteffort/pod*"), "cpu", "cpu.shares"));
        Assert.Equal(share[2], files.Read("kubepods/besteffort", "cpu", "cpu.shares"));
        Assert.All(
            ["kubepods/pod*", "kubepods/burstable/pod*", "kubepods/besteffort/pod*"],
            pod => Assert.Equal("77", files.Read(Pod(pod), "pids", "pids.max")));
        long memory = long.Parse(files.Read("kubepods", "memory", "memory.limit_in_bytes"), null);
        Assert.InRange(Linux.Processes.MachineMemory.TotalBytes - memory, 1L << 30, (1L << 30) + 4096);

        // A removal that is tried again counts as idle in between.
        node.Remove("burstable.yaml");
        await node.WaitForTimelineAsync(entry => entry.What == "removed", 1, Token);

        Assert.Equal(share[2], files.Read("kubepods/burstable", "cpu", "cpu.shares"));

        string Pod(string pattern) => files.Find(pattern);
    }

    [Fact]
    public async Task IoMax_OfAPod_IsItsCgroups()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        CgroupFiles files = new(node.Paths.CgroupPrefix);
        string device = (await File.ReadAllTextAsync("/proc/partitions", Token)).Split('\n')[2]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        string numbers = Linux.Files.BlockDevice.Numbers($"/dev/{device}");

        node.Place("web.yaml", Manifest.Web("web", 8080).Replace(
            "metadata:", $"metadata:\n  annotations: {{noded.dev/io-max: \"/dev/{device} rbps=1Mi wiops=100\"}}", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        Assert.Single(await node.TestProgramPidsAsync(Token));
        string pod = files.Find("kubepods/besteffort/pod*");
        (string, string)[] expected = files.IsUnified
            ? [("io.max", $"{numbers} rbps=1048576 wbps=max riops=max wiops=100")]
            : [("blkio.throttle.read_bps_device", $"{numbers} 1048576"), ("blkio.throttle.write_iops_device", $"{numbers} 100")];
        Assert.All(expected, file => Assert.Equal(file.Item2, files.Read(pod, files.IsUnified ? "io" : "blkio", file.Item1)));
    }

    [Fact]
    public async Task MemoryHogAndForkBomb_AreEndedOrHeldAndTheOthersLive()
    {
        await using TestNode node = await TestNode.CreateAsync("podPidsLimit: 50", Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        node.Place("hog.yaml", Manifest.Alone("hog", "{limits: {memory: 32Mi}}", "Never", "eat-memory", "200"));
        node.Place("bomb.yaml", Manifest.Alone("bomb", "{}", "Never", "fork", "0"));
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Failed", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);
        Container hog = Assert.Single(Of("hog").Containers);
        Assert.Equal(("Failed", "OOMKilled", 137), (Of("hog").Phase, hog.Reason, hog.ExitCode));
        // Whatever the runtime said, the kernel says so too.
        using KernelLog log = new();
        Assert.True(new OutOfMemoryKills(log.ReadNew, new FlightRecorder(16, TimeProvider.System)).Contains(
            ContainerId.FromApi(hog.ContainerId)!.Value));
        Assert.Equal("Running", Of("bomb").Phase);
        CgroupFiles files = new(node.Paths.CgroupPrefix);
        Assert.Contains(
            files.FindAll("kubepods/besteffort/pod*").Select(pod => files.Read(pod, "pids", "pids.current")), count => count == "50");
        Assert.Equal("Running", Of("web").Phase);
        Assert.Contains("hostname", await node.FetchAsync("http://127.0.0.1:8080/", Token), StringComparison.Ordinal);

        Pod Of(string name) => pods.Single(pod => pod.Name.StartsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task CriticalPod_OnAFullNode_TakesTheRoomOfAnother()
    {
        await using TestNode node = await TestNode.CreateAsync("maxPods: 1", Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        node.Place("critical.yaml", Manifest.Web("critical", 8081)
            .Replace("hostNetwork: true", "hostNetwork: true\n  priorityClassName: system-node-critical", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        Dictionary<string, Pod> pods = (await node.PodsAsync(Token)).ToDictionary(pod => pod.Name);
        Assert.Equal(("Failed", "Preempting"), (pods["web-node1"].Phase, pods["web-node1"].Reason));
        Assert.Equal("Running", pods["critical-node1"].Phase);
        Assert.Contains("hostname", await node.FetchAsync("http://127.0.0.1:8081/", Token), StringComparison.Ordinal);
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task NodeSelector_ThatIsAnotherNodes_IsRefusedAndThisNodesIsNot()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("here.yaml", Selecting("here", 8080, "node1"));
        node.Place("there.yaml", Selecting("there", 8081, "node2"));
        await node.WaitIdleAsync(Token);

        Dictionary<string, Pod> pods = (await node.PodsAsync(Token)).ToDictionary(pod => pod.Name);
        Assert.Equal("Running", pods["here-node1"].Phase);
        Assert.Equal(("Failed", "NodeAffinity"), (pods["there-node1"].Phase, pods["there-node1"].Reason));

        static string Selecting(string name, int port, string host) => Manifest.Web(name, port).Replace(
            "hostNetwork: true",
            $"hostNetwork: true\n  nodeSelector: {{kubernetes.io/hostname: {host}}}",
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task DiskFiller_BeyondItsLimit_IsEvictedAndTheOthersLive()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        node.Place("filler.yaml", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: filler, annotations: {noded.dev/network: none} }
            spec:
              restartPolicy: Always
              terminationGracePeriodSeconds: 1
              volumes: [{name: v, emptyDir: {sizeLimit: 8Mi} }]
              containers:
              - name: app
                image: {{TestNode.Image}}
                args: [fill, /v/f, "64"]
                volumeMounts: [{name: v, mountPath: /v}]
            """);

        Event evicted = await node.WaitForEventAsync(happened => happened.Reason == "Evicted", Token);
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Failed", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);
        Pod filler = pods.Single(pod => pod.Name == "filler-node1");
        Assert.Equal(("Failed", "Evicted"), (filler.Phase, filler.Reason));
        Assert.Contains("exceeds the limit \"8Mi\"", evicted.Message, StringComparison.Ordinal);
        Assert.Equal("Running", pods.Single(pod => pod.Name == "web-node1").Phase);
        Assert.Contains("hostname", await node.FetchAsync("http://127.0.0.1:8080/", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_OfTheMachineRunsShort_EndsThePodThatUsesMostAndTheOthersLive()
    {
        // The threshold is far below what is free now and far above what is free once the hog has its memory: whatever
        // else the machine does meanwhile decides nothing.
        long available = AvailableMebibytes();
        long hog = Math.Min(4096, available / 3);
        Assert.SkipUnless(hog >= 512, "Needs 1536 MiB of free memory.");
        await using TestNode node = await TestNode.CreateAsync(
            $"evictionHard: {{memory.available: {available - (hog / 2)}Mi}}", Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        node.Place("hog.yaml", Manifest.Pod("hog", "Always", "eat-memory", $"{hog}"));

        Event evicted = await node.WaitForEventAsync(happened => happened.Reason == "Evicted", Token);
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Failed", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        Assert.Contains("low on resource: memory", evicted.Message, StringComparison.Ordinal);
        IReadOnlyList<Pod> pods = await node.PodsAsync(Token);
        Pod worst = pods.Single(pod => pod.Name == "hog-node1");
        Assert.Equal(("Failed", "Evicted"), (worst.Phase, worst.Reason));
        Assert.Equal("Running", pods.Single(pod => pod.Name == "web-node1").Phase);
        Assert.Contains("hostname", await node.FetchAsync("http://127.0.0.1:8080/", Token), StringComparison.Ordinal);
        Assert.True(AvailableMebibytes() > available - (hog / 2));
    }

    private static long AvailableMebibytes() => MachineMemory.ReadAvailableBytes() >> 20;

    [Fact]
    public async Task TerminationMessage_OfAContainer_IsInItsStatus()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("last.yaml", Manifest.Alone("last", "{}", "Never", "write", "/dev/termination-log", "farewell", "3"));
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Failed", StringComparison.Ordinal), 1, Token);
        await node.WaitIdleAsync(Token);

        Container container = Assert.Single(Assert.Single(await node.PodsAsync(Token)).Containers);
        Assert.Equal((3, "farewell"), (container.ExitCode, container.Message));
    }
}
