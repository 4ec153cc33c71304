using Noded.Linux.Cgroups;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>What a user of static pods sees, on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class StaticPodTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Manifest_Placed_RunsAndServes()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal(("default", "web-node1", "Running"), (pod.Namespace, pod.Name, pod.Phase));
        Assert.Equal("running", Assert.Single(pod.Containers).State);
        Assert.Contains("path /", await node.FetchAsync("http://127.0.0.1:8080/", Token), StringComparison.Ordinal);

        List<string> acts = [.. (await node.TimelineAsync(Token))
            .Where(entry => entry.Subject.StartsWith("pod default/web-node1", StringComparison.Ordinal) && entry.Kind == "Acted")
            .Select(entry => entry.What.Split(':')[0])];
        Assert.Equal(
            ["run sandbox", "event Pulled", "create container", "event Created", "start container", "event Started"], acts);
    }

    [Fact]
    public async Task Timeline_OfAPod_LeadsBackToItsManifest()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        IReadOnlyList<TimelineEntry> timeline = await node.TimelineAsync(Token);
        TimelineEntry started = Assert.Single(timeline, entry => entry.What == "start container");
        TimelineEntry decided = Assert.Single(timeline, entry => entry.Sequence == started.Cause);
        TimelineEntry observed = Assert.Single(timeline, entry => entry.Sequence == decided.Cause);
        Assert.StartsWith("run, uid ", decided.What, StringComparison.Ordinal);
        Assert.Equal(("Observed", "web.yaml"), (observed.Kind, observed.What));
    }

    [Theory]
    [InlineData("imagePullPolicy: Never", "image: noded.internal/missing:1", "ErrImageNeverPull", "ErrImageNeverPull")]
    [InlineData("securityContext: {runAsGroup: 5}", null, "FailedCreatePodSandBox", "ContainerCreating")]
    public async Task Pod_WhoseStepsFail_IsPendingAndSaysWhy(
        string field, string? image, string expectedEvent, string reason)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string manifest = Manifest.Web("web", 8080);

        // A group without a user is what containerd refuses to make a sandbox for.
        node.Place("web.yaml", image is null
            ? $"{manifest}\n  {field}"
            : manifest.Replace($"image: {TestNode.Image}", $"{image}\n    {field}", StringComparison.Ordinal));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == expectedEvent, Token);
        await node.WaitIdleAsync(Token);

        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal(("Pending", reason), (pod.Phase, Assert.Single(pod.Containers).Reason));
        string table = (await node.RunAsync(["pods", "--root", node.Paths.Root], Token)).OrThrow().Output;
        Assert.Equal(
            ["default", "web-node1", "0/1", reason, "0"],
            table.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..5]);
    }

    [Fact]
    public async Task Container_Killed_RunsAgain()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string before = (await node.OnlyContainerAsync(Token)).ContainerId;

        await node.KillAsync(Assert.Single(await node.TestProgramPidsAsync(Token)), Token);
        await node.WaitForEventAsync(nodeEvent => nodeEvent is { Reason: "Started", Count: 2 }, Token);
        await node.WaitIdleAsync(Token);

        Container after = await node.OnlyContainerAsync(Token);
        Assert.NotEqual(before, after.ContainerId);
        Assert.Equal((1, "running"), (after.RestartCount, after.State));
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Container_KeepsFailing_BacksOff()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("crash.yaml", Manifest.Pod("crash", "Always", "exit", "7"));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "BackOff", Token);
        await node.WaitIdleAsync(Token);

        Container container = await node.OnlyContainerAsync(Token);
        Assert.Equal(("waiting", "CrashLoopBackOff", 7), (container.State, container.Reason, container.ExitCode));
        Assert.Equal(1, container.RestartCount);
    }

    [Theory]
    [InlineData("Never", "0", "Succeeded")]
    [InlineData("Never", "3", "Failed")]
    [InlineData("OnFailure", "0", "Succeeded")]
    public async Task Container_EndsForGood_PodIsOver(string restartPolicy, string exitCode, string phase)
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("job.yaml", Manifest.Pod("job", restartPolicy, "exit", exitCode));
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith($"→ {phase}", StringComparison.Ordinal), 1, Token);

        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal((phase, 0), (pod.Phase, Assert.Single(pod.Containers).RestartCount));
    }

    [Fact]
    public async Task Manifest_Removed_LeavesNothing()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        node.Remove("web.yaml");
        await node.WaitIdleAsync(Token);

        Assert.Empty(await node.PodsAsync(Token));
        Assert.Empty(await node.TestProgramPidsAsync(Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(node.Paths.PodLogs));
        string pods = node.Paths.CgroupPrefix + "/kubepods";
        Assert.All(
            CgroupHierarchies.Discover().All.Select(hierarchy => Path.Combine(hierarchy.MountPoint, pods)),
            directory => Assert.DoesNotContain(
                Directory.Exists(directory) ? Directory.GetDirectories(directory, "pod*", SearchOption.AllDirectories) : [],
                path => true));
    }

    [Fact]
    public async Task Manifest_Changed_ReplacesThePod()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string before = Assert.Single(await node.PodsAsync(Token)).Uid;

        node.Place("web.yaml", Manifest.Web("web", 8081));
        await node.WaitIdleAsync(Token);

        Assert.NotEqual(before, Assert.Single(await node.PodsAsync(Token)).Uid);
        Assert.Contains("path /", await node.FetchAsync("http://127.0.0.1:8081/", Token), StringComparison.Ordinal);
        Assert.Single(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task InitContainers_RunInOrderBeforeTheRest()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place(
            "init.yaml",
            $$$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "init"}, "spec": {
              "hostNetwork": true, "restartPolicy": "Never",
              "initContainers": [
                {"name": "one", "image": "{{{TestNode.Image}}}", "args": ["exit", "0"]},
                {"name": "two", "image": "{{{TestNode.Image}}}", "args": ["exit", "0"]}],
              "containers": [{"name": "main", "image": "{{{TestNode.Image}}}", "args": ["exit", "0"]}]}}
            """);
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Succeeded", StringComparison.Ordinal), 1, Token);

        List<string> started = [.. (await node.TimelineAsync(Token))
            .Where(entry => entry.What == "start container")
            .Select(entry => entry.Subject.Split('{')[1].TrimEnd('}'))];
        Assert.Equal(["one", "two", "main"], started);
    }
}
