using System.Globalization;
using Noded.Linux.Files;
using Noded.Protocols.Operator.V1;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>Volumes of static pods on real containerd, as their containers see them.</summary>
[Trait("Category", "E2E")]
public sealed class VolumeTests
{
    private const int Sigkill = 9;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Volumes_OfEveryKind_AreSeenInTheContainersAndGoneWithThePod()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string host = Directory.CreateDirectory(Path.Combine(node.Paths.Root, "host")).FullName;
        await File.WriteAllTextAsync(Path.Combine(host, "file"), "of the host", Token);

        node.Place("volumes.yaml", Pod(host));
        await node.WaitIdleAsync(Token);
        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal("Running", pod.Phase);

        Dictionary<string, string> one = Mounts(await node.FetchAsync("http://127.0.0.1:8080/mounts", Token));
        Dictionary<string, string> two = Mounts(await node.FetchAsync("http://127.0.0.1:8081/mounts", Token));
        string disk = $"{node.Paths.Kubelet}/pods/{pod.Uid}/volumes/kubernetes.io~empty-dir/disk";
        Assert.Contains("rw", Options(one["/disk"]));
        Assert.Contains("ro", Options(two["/disk"]));
        Assert.Contains("ro", Options(one["/file"]));
        Assert.Contains(" tmpfs tmpfs ", one["/memory"], StringComparison.Ordinal);
        Assert.Contains("size=2048k", one["/memory"], StringComparison.Ordinal);
        Assert.Equal(Root(one["/disk"]) + "/logs/one", Root(one["/part"]));
        Assert.Equal(Root(one["/disk"]), Root(two["/disk"]));
        Assert.EndsWith(disk[node.Paths.Root.Length..], Root(one["/disk"]), StringComparison.Ordinal);
        FileStatus access = FileStatus.TryRead(disk)!.Value;
        Assert.Equal((0x5FFu, 1234u), (access.Mode, access.Group));

        node.Remove("volumes.yaml");
        await node.WaitIdleAsync(Token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(node.Paths.Kubelet, "pods")));
        Assert.DoesNotContain("/pods/", await HostMountsAsync(node), StringComparison.Ordinal);
        Assert.Equal("of the host", await File.ReadAllTextAsync(Path.Combine(host, "file"), Token));
    }

    [Fact]
    public async Task Volumes_DaemonIsKilledAndTheContainerRunsAgain_AreTheSame()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string host = Directory.CreateDirectory(Path.Combine(node.Paths.Root, "host")).FullName;
        await File.WriteAllTextAsync(Path.Combine(host, "file"), "of the host", Token);
        node.Place("volumes.yaml", Pod(host));
        await node.WaitIdleAsync(Token);
        string before = await HostMountsAsync(node);

        await node.StopDaemonAsync(Sigkill, Token);
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);
        foreach (string pid in await node.TestProgramPidsAsync(Token))
        {
            await node.KillAsync(pid, Token);
        }

        await node.WaitForTimelineAsync(entry => entry.What == "start container", 2, Token);
        await node.WaitIdleAsync(Token);

        Assert.Contains("/part", Mounts(await node.FetchAsync("http://127.0.0.1:8080/mounts", Token)).Keys);
        Assert.Equal(KubeletMounts(before), KubeletMounts(await HostMountsAsync(node)));
    }

    [Fact]
    public async Task Manifest_RemovedWhileTheDaemonIsAway_LeavesNoVolume()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string host = Directory.CreateDirectory(Path.Combine(node.Paths.Root, "host")).FullName;
        await File.WriteAllTextAsync(Path.Combine(host, "file"), "of the host", Token);
        node.Place("volumes.yaml", Pod(host));
        await node.WaitIdleAsync(Token);

        await node.StopDaemonAsync(Sigkill, Token);
        node.Remove("volumes.yaml");
        string left = Path.Combine(node.Paths.Kubelet, "pods/left/volumes/kubernetes.io~empty-dir/a");
        Directory.CreateDirectory(left);
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(node.Paths.Kubelet, "pods")));
        Assert.DoesNotContain("/pods/", await HostMountsAsync(node), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostPath_OfAnotherType_IsAnEventUntilItIsRight()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string host = Path.Combine(node.Paths.Root, "host");

        node.Place("volumes.yaml", Pod(host));
        Event failed = await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "FailedMount", Token);
        Assert.Equal(
            $"MountVolume.SetUp failed for volume \"file\" : hostPath type check failed: {host}/file is not a file", failed.Message);
        Assert.Equal("Pending", Assert.Single(await node.PodsAsync(Token)).Phase);

        Directory.CreateDirectory(host);
        await File.WriteAllTextAsync(Path.Combine(host, "file"), "1", Token);
        await node.WaitForTimelineAsync(entry => entry.What == "start container", 2, Token);
        await node.WaitIdleAsync(Token);

        Assert.Equal("Running", Assert.Single(await node.PodsAsync(Token)).Phase);
    }

    [Fact]
    public async Task EmptyDir_InHugePages_IsAFileSystemOfThePagesThatTheContainerRequests()
    {
        Requires.Root();
        using HugePages pages = HugePages.Reserve(2);
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("pages.yaml", Server(
            "pages",
            "{name: pages, emptyDir: {medium: HugePages}}",
            "{name: pages, mountPath: /pages}",
            "resources: {limits: {memory: 64Mi, hugepages-2Mi: 2Mi}}"));
        await node.WaitIdleAsync(Token);

        string mounted = Mounts(await node.FetchAsync("http://127.0.0.1:8080/mounts", Token))["/pages"];
        Assert.Contains(" - hugetlbfs nodev ", mounted, StringComparison.Ordinal);
        Assert.Contains("pagesize=2M", mounted, StringComparison.Ordinal);

        node.Remove("pages.yaml");
        await node.WaitIdleAsync(Token);

        Assert.DoesNotContain("hugetlbfs", await HostMountsAsync(node), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(node.Paths.Kubelet, "pods")));
    }

    [Fact]
    public async Task ReadOnly_OnlyIfTheRuntimeCan_ReachesWhatIsMountedBelowIfItCan()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        await PlaceOverAMountAsync(
            node,
            "{name: deep, mountPath: /deep, readOnly: true, recursiveReadOnly: IfPossible}, "
                + "{name: deep, mountPath: /shallow, readOnly: true}");
        await node.WaitIdleAsync(Token);

        Dictionary<string, string> mounts = Mounts(await node.FetchAsync("http://127.0.0.1:8080/mounts", Token));
        Assert.Contains("ro", Options(mounts["/deep"]));
        Assert.Contains("rw", Options(mounts["/shallow/below"]));
        Assert.Contains(await OffersRecursionAsync(node) ? "ro" : "rw", Options(mounts["/deep/below"]));
    }

    [Fact]
    public async Task ReadOnly_WithAllBelow_StartsOnlyOnARuntimeThatCan()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        await PlaceOverAMountAsync(node, "{name: deep, mountPath: /deep, readOnly: true, recursiveReadOnly: Enabled}");
        Event happened = await node.WaitForEventAsync(happened => happened.Reason is "Started" or "Failed", Token);

        if (await OffersRecursionAsync(node))
        {
            Assert.Equal("Started", happened.Reason);
            string below = Mounts(await node.FetchAsync("http://127.0.0.1:8080/mounts", Token))["/deep/below"];
            Assert.Contains("ro", Options(below));
        }
        else
        {
            Assert.Equal("Failed", happened.Reason);
            Assert.Contains(
                "volume \"deep\" requested recursive read-only mode, but it is not supported by the runtime",
                happened.Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Reset_PodWithVolumes_LeavesNeitherFilesNorMountsAndKeepsTheHosts()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string host = Directory.CreateDirectory(Path.Combine(node.Paths.Root, "host")).FullName;
        await File.WriteAllTextAsync(Path.Combine(host, "file"), "of the host", Token);
        node.Place("volumes.yaml", Pod(host));
        await node.WaitIdleAsync(Token);

        (await node.RunAsync(["reset", "--root", node.Paths.Root], Token)).OrThrow();

        Assert.False(Directory.Exists(node.Paths.Kubelet));
        Assert.False(Directory.Exists(node.Paths.LogLinks));
        Assert.DoesNotContain("/pods/", await HostMountsAsync(node), StringComparison.Ordinal);
        Assert.Equal("of the host", await File.ReadAllTextAsync(Path.Combine(host, "file"), Token));
    }

    private static string Pod(string host) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: volumes
        spec:
          hostNetwork: true
          terminationGracePeriodSeconds: 2
          securityContext:
            fsGroup: 1234
          volumes:
          - name: disk
            emptyDir: {}
          - name: memory
            emptyDir: {medium: Memory, sizeLimit: 2Mi}
          - name: file
            hostPath: {path: "{{host}}/file", type: File}
          containers:
          - name: one
            image: {{TestNode.Image}}
            args: [serve, --http, "8080"]
            env:
            - {name: WHO, value: one}
            volumeMounts:
            - {name: disk, mountPath: /disk}
            - {name: memory, mountPath: /memory}
            - {name: disk, mountPath: /part, subPathExpr: logs/$(WHO)}
            - {name: file, mountPath: /file, readOnly: true}
          - name: two
            image: {{TestNode.Image}}
            args: [serve, --http, "8081"]
            volumeMounts:
            - {name: disk, mountPath: /disk, readOnly: true}
        """;

    /// <summary>A pod with one container that serves HTTP on 8080 and has one volume.</summary>
    private static string Server(string name, string volume, string mounts, string more = "ports: []") =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          hostNetwork: true
          terminationGracePeriodSeconds: 2
          volumes:
          - {{volume}}
          containers:
          - name: main
            image: {{TestNode.Image}}
            args: [serve, --http, "8080"]
            volumeMounts: [{{mounts}}]
            {{more}}
        """;

    /// <summary>A pod whose volume, called <c>deep</c>, is a directory of the host with a mount in it.</summary>
    private static async Task PlaceOverAMountAsync(TestNode node, string mounts)
    {
        string host = Path.Combine(node.Paths.Root, "host");
        string below = Directory.CreateDirectory(Path.Combine(host, "below")).FullName;
        (await node.Sandbox.RunAsync("mount", ["-t", "tmpfs", "tmpfs", below], Token)).OrThrow();
        node.Place("deep.yaml", Server("deep", $"{{name: deep, hostPath: {{path: {host}}}}}", mounts));
    }

    /// <summary>By its version and its kernel: containerd has it from 2.0 on, Linux from 5.12.</summary>
    private static async Task<bool> OffersRecursionAsync(TestNode node)
    {
        string version = (await node.Sandbox.RunAsync(TestNode.Containerd, ["--version"], Token)).OrThrow().Output;
        return version.Contains("/containerd/v2 ", StringComparison.Ordinal) && Environment.OSVersion.Version >= new Version(5, 12);
    }

    private static async Task<string> HostMountsAsync(TestNode node) =>
        (await node.Sandbox.RunAsync("cat", ["/proc/self/mountinfo"], Token)).OrThrow().Output;

    /// <summary>Lines of mountinfo by mount point.</summary>
    private static Dictionary<string, string> Mounts(string mountinfo) =>
        mountinfo.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line.Split(' ')[4]);

    private static string[] Options(string line) => line.Split(' ')[5].Split(',');

    private static string Root(string line) => line.Split(' ')[3];

    private static IEnumerable<string> KubeletMounts(string mountinfo) => mountinfo.Split('\n')
        .Where(line => line.Contains("/pods/", StringComparison.Ordinal))
        .Select(line => string.Create(CultureInfo.InvariantCulture, $"{Root(line)} {line.Split(' ')[4]}"))
        .Order();
}
