using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>Manifests that are wrong: each one line, everywhere a person looks, and nothing else suffers.</summary>
[Trait("Category", "E2E")]
public sealed class BadManifestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BadManifests_OfEveryKind_AreRefusedWithFileLineAndField()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string directory = Path.Combine(AppContext.BaseDirectory, "Manifests/bad");
        List<string> expected = [];
        foreach (string manifest in Directory.EnumerateFiles(directory).Where(file => Path.GetExtension(file) != ".error"))
        {
            node.Place(Path.GetFileName(manifest), await File.ReadAllTextAsync(manifest, Token));
            expected.AddRange((await File.ReadAllLinesAsync(Path.ChangeExtension(manifest, ".error"), Token))
                .Where(line => line.Length > 0));
        }

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        StatusResponse status = await node.StatusAsync(Token);
        Assert.True(expected.Count >= 20, $"only {expected.Count} bad manifests");
        Assert.Equal([], expected.Except(status.ManifestErrors));
        Assert.Equal("Running", Assert.Single(await node.PodsAsync(Token)).Phase);
        string[] reported = (await node.RunAsync(["events", "--root", node.Paths.Root], Token)).OrThrow().Output.Split('\n');
        Assert.All(expected, error => Assert.Contains(reported, line => line.Contains(error, StringComparison.Ordinal)));
        await node.WaitForLogAsync(expected.Select(error => $"[1201] Manifest refused: {error}"), Token);
        string screen = (await node.RunAsync(["status", "--root", node.Paths.Root], Token)).OrThrow().Output;
        Assert.All(expected, error => Assert.Contains(error, screen, StringComparison.Ordinal));
    }

    [Fact]
    public async Task GoodManifest_TurnsBad_KeepsThePodUntilItIsGood()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string before = (await node.OnlyContainerAsync(Token)).ContainerId;

        node.Place("web.yaml", Manifest.Web("web", 8080).Replace("hostNetwork", "hostNetwrok", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        Assert.Equal(before, (await node.OnlyContainerAsync(Token)).ContainerId);
        Assert.Equal(
            ["web.yaml:6: unknown field \"spec.hostNetwrok\""], (await node.StatusAsync(Token)).ManifestErrors);

        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        Assert.Equal(before, (await node.OnlyContainerAsync(Token)).ContainerId);
        Assert.Empty((await node.StatusAsync(Token)).ManifestErrors);
    }

    [Fact]
    public async Task Manifest_BadSinceTheDaemonStarted_KeepsWhatRuns()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        string pid = Assert.Single(await node.TestProgramPidsAsync(Token));

        await node.StopDaemonAsync(9, Token);
        node.Place("web.yaml", "kind: Pod\n");
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);

        Assert.Equal(pid, Assert.Single(await node.TestProgramPidsAsync(Token)));

        node.Remove("web.yaml");
        await node.WaitIdleAsync(Token);

        Assert.Empty(await node.TestProgramPidsAsync(Token));
    }

    [Fact]
    public async Task Pod_WithAFieldThisNodeDoesNotActOn_IsRefused()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("web.yaml", Manifest.Web("web", 8080).Replace("hostNetwork: true", "volumes: [{name: v, nfs: {server: a, path: /}}]", StringComparison.Ordinal));
        await node.WaitIdleAsync(Token);

        Assert.Empty(await node.PodsAsync(Token));
        Assert.StartsWith(
            "web.yaml:6: spec.volumes[0].nfs: Forbidden:",
            Assert.Single((await node.StatusAsync(Token)).ManifestErrors),
            StringComparison.Ordinal);
    }
}
