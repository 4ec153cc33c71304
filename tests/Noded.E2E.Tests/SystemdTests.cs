namespace Noded.E2E.Tests;

/// <summary>A node on a machine that systemd runs: containerd is a service of its own beside the daemon's.</summary>
[Trait("Category", "E2E")]
[Trait("Category", "Machine")]
public sealed class SystemdTests : IAsyncLifetime
{
    private const string Unit = "noded-containerd.service";
    private const string Page = "http://127.0.0.1:8080/";

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          hostNetwork: true
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: noded.internal/testimage:1
            args: [serve, --http, "8080"]
        """;

    private SystemdNode _node = null!; // made before every test

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await SystemdNode.CreateAsync(null, Token);
        await _node.PlaceAsync("web.yaml", Pod, Token);
        await _node.FetchAsync(Page, Token);
    }

    [Fact]
    public async Task Containerd_UnderSystemd_IsAServiceThatTheDaemonsEndDoesNotTouch()
    {
        string before = await ShowAsync("MainPID");
        string container = await ContainerAsync();

        await _node.ShellAsync("systemctl stop noded", Token);
        string between = await _node.FetchAsync(Page, Token);
        await _node.StartDaemonAsync(Token);
        await _node.WaitIdleAsync(Token);

        Assert.Contains("hostname", between, StringComparison.Ordinal);
        Assert.Equal("active", await ShowAsync("ActiveState"));
        Assert.Equal((before, container), (await ShowAsync("MainPID"), await ContainerAsync()));
        Assert.Contains($"/{Unit}", await _node.ShellAsync($"cat /proc/{before}/cgroup", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containerd_KilledUnderSystemd_IsStartedAgainAndItsPodsStay()
    {
        string before = await ShowAsync("MainPID");
        string container = await ContainerAsync();

        await _node.ShellAsync($"kill -9 {before}", Token);
        await _node.ShellAsync(
            $"until '{SystemdNode.Binary}' wait-idle && [ \"$(systemctl show --value -p MainPID {Unit})\" != 0 ]; do sleep 0.1; done",
            Token);

        Assert.NotEqual(before, await ShowAsync("MainPID"));
        Assert.Equal(container, await ContainerAsync());
    }

    [Fact]
    public async Task Reset_UnderSystemd_RemovesTheService()
    {
        await _node.ShellAsync("systemctl stop noded", Token);

        await _node.ShellAsync($"'{SystemdNode.Binary}' reset", Token);

        Assert.NotEqual("active", await ShowAsync("ActiveState"));
        Assert.Equal("", await _node.ShellAsync("pgrep -x containerd || :", Token));
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    private Task<string> ContainerAsync() => _node.ShellAsync("pgrep -x testimage", Token);

    private Task<string> ShowAsync(string property) => _node.ShowAsync(Unit, property, Token);
}
