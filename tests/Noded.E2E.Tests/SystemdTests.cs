using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>A node on a machine that systemd runs: containerd is a service of its own beside the daemon's.</summary>
[Trait("Category", "E2E")]
public sealed class SystemdTests : IAsyncLifetime
{
    private const string Unit = "noded-containerd.service";

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

    private SystemdMachine _machine = null!; // made before every test

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Binary => PublishedBinary.Path;

    /// <summary>systemd may take a moment to forget the service of this name that was stopped before.</summary>
    private static string StartDaemon =>
        $"until systemd-run --quiet --collect --unit=noded --service-type=exec '{Binary}' run --node-name node1; do sleep 0.1; done";

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("containerd", "runc", "curl", "systemd-nspawn", "systemctl");
        _machine = await SystemdMachine.BootAsync(Token);
        await ShellAsync(StartDaemon);
        await ShellAsync($"until '{Binary}' images import '{RepositoryRoot.Find()}/artifacts/images/testimage.tar'; do sleep 0.1; done");
        await ShellAsync($"mkdir -p /etc/kubernetes/manifests; cat > /etc/kubernetes/manifests/web.yaml <<'END'\n{Pod}\nEND");
        await FetchAsync();
    }

    [Fact]
    public async Task Containerd_UnderSystemd_IsAServiceThatTheDaemonsEndDoesNotTouch()
    {
        string before = await ShowAsync(Unit, "MainPID");
        string container = await ShellAsync("pgrep -x testimage");

        await ShellAsync("systemctl stop noded");
        string between = await FetchAsync();
        await ShellAsync(StartDaemon);
        await ShellAsync($"until '{Binary}' wait-idle; do sleep 0.1; done");

        Assert.Contains("hostname", between, StringComparison.Ordinal);
        Assert.Equal("active", await ShowAsync(Unit, "ActiveState"));
        Assert.Equal((before, container), (await ShowAsync(Unit, "MainPID"), await ShellAsync("pgrep -x testimage")));
        Assert.Contains($"/{Unit}", await ShellAsync($"cat /proc/{before}/cgroup"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containerd_KilledUnderSystemd_IsStartedAgainAndItsPodsStay()
    {
        string before = await ShowAsync(Unit, "MainPID");
        string container = await ShellAsync("pgrep -x testimage");

        await ShellAsync($"kill -9 {before}");
        await ShellAsync($"until '{Binary}' wait-idle && [ \"$(systemctl show --value -p MainPID {Unit})\" != 0 ]; do sleep 0.1; done");

        Assert.NotEqual(before, await ShowAsync(Unit, "MainPID"));
        Assert.Equal(container, await ShellAsync("pgrep -x testimage"));
    }

    [Fact]
    public async Task Reset_UnderSystemd_RemovesTheService()
    {
        await ShellAsync("systemctl stop noded");

        await ShellAsync($"'{Binary}' reset");

        Assert.NotEqual("active", await ShowAsync(Unit, "ActiveState"));
        Assert.Equal("", (await _machine.RunAsync("pgrep", ["-x", "containerd"], Token)).Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (_machine is not null)
        {
            await _machine.DisposeAsync();
        }
    }

    /// <summary>The pod's page; when it does not come, what the node says of itself.</summary>
    private Task<string> FetchAsync() => ShellAsync(
        "curl --silent --fail --retry 100 --retry-delay 0 --retry-max-time 60 --retry-all-errors http://127.0.0.1:8080/ "
        + $"|| {{ '{Binary}' status >&2; '{Binary}' events >&2; journalctl --no-pager -n 50 >&2; false; }}");

    private Task<string> ShowAsync(string unit, string property) =>
        ShellAsync($"systemctl show --value -p {property} {unit}");

    private async Task<string> ShellAsync(string command) =>
        (await _machine.RunAsync("sh", ["-c", command], Token)).OrThrow().Output.TrimEnd('\n');
}
