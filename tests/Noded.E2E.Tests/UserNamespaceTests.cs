using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>Pods whose users are none of the machine's; containerd offers that from 2.0 on, with runc 1.2.</summary>
[Trait("Category", "E2E")]
public sealed class UserNamespaceTests
{
    private const int Sigkill = 9;

    private const string Manifest = $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: guarded}
        spec:
          hostUsers: false
          terminationGracePeriodSeconds: 1
          volumes: [{name: v, emptyDir: {} }]
          initContainers:
          - {name: init, image: {{TestNode.Image}}, args: [write, /v/file, "written", "0"], volumeMounts: [{name: v, mountPath: /v}]}
          containers:
          - {name: main, image: {{TestNode.Image}}, args: [serve, --http, "80"], volumeMounts: [{name: v, mountPath: /v}]}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pod_WithUsersOfItsOwn_RuntimeOffersNone_WaitsAndSaysSo()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        Event happened = await PlaceAsync(node);
        Assert.SkipUnless(IsRefused(happened), "The runtime offers user namespaces.");

        Assert.Equal(
            "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
            happened.Message);
        Assert.Equal("Pending", Assert.Single(await node.PodsAsync(Token)).Phase);
    }

    [Fact]
    public async Task Pod_WithUsersOfItsOwn_HasThemOverARestartAndItsFilesAreItsRoots()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        Event happened = await PlaceAsync(node);
        Assert.SkipWhen(IsRefused(happened), $"{happened.Message}; NODED_CONTAINERD and NODED_RUNC name others.");
        await node.WaitForEventAsync(IsStartOfMain, Token);

        Assert.Equal(["0", "65536", "65536"], await MapAsync());
        Assert.Equal("65536", await OwnerAsync($"/proc/{Assert.Single(await node.TestProgramPidsAsync(Token))}"));
        string uid = Assert.Single(await node.PodsAsync(Token)).Uid;
        string volume = Path.Combine(node.Paths.Kubelet, "pods", uid, "volumes/kubernetes.io~empty-dir/v");
        Assert.Equal("0", await OwnerAsync(Path.Combine(volume, "file")));
        Assert.Equal("written", (await ShowAsync("/v/file")).Trim());
        Assert.Contains("guarded-node1", await ShowAsync("/etc/hosts"), StringComparison.Ordinal);

        await node.StopDaemonAsync(Sigkill, Token);
        await node.KillAsync(Assert.Single(await node.TestProgramPidsAsync(Token)), Token);
        await node.StartDaemonAsync(Token);
        await node.WaitForEventAsync(IsStartOfMain, Token);

        Assert.Equal(["0", "65536", "65536"], await MapAsync());

        async Task<string[]> MapAsync() =>
            (await ShowAsync("/proc/self/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        async Task<string> ShowAsync(string file) => (await node.RunAsync(
            ["exec", "--root", node.Paths.Root, "guarded-node1", "-c", "main", "--", "/testimage", "show", file], Token)).OrThrow().Output;

        async Task<string> OwnerAsync(string file) =>
            (await node.Sandbox.RunAsync("stat", ["-c", "%u", file], Token)).OrThrow().Output.Trim();
    }

    private static async Task<Event> PlaceAsync(TestNode node)
    {
        // The pod's users come by here, to what the runtime has made ready for them.
        File.SetUnixFileMode(node.Paths.Root, (UnixFileMode)Convert.ToInt32("755", 8));
        node.Place("guarded.yaml", Manifest);
        return await node.WaitForEventAsync(happened => happened.Reason is "Started" or "FailedCreatePodSandBox", Token);
    }

    private static bool IsStartOfMain(Event happened) =>
        happened.Reason == "Started" && happened.Object.EndsWith("spec.containers{main}", StringComparison.Ordinal);

    private static bool IsRefused(Event happened) => happened.Message.Contains("can't set", StringComparison.Ordinal);
}
