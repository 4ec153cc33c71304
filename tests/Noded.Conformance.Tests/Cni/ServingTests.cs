using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class ServedLoopbackTests() : LoopbackSuite(CniImplementation.Served);

public sealed class ServedBridgeTests() : BridgeSuite(CniImplementation.Served);

public sealed class ServedPtpTests() : PtpSuite(CniImplementation.Served);

public sealed class ServedPortMapTests() : PortMapSuite(CniImplementation.Served);

/// <summary>
/// Who does what a plugin is asked for: the process that serves, or the plugin's own. An IPAM plugin of the test's tells,
/// which also holds up a call for as long as the test wants.
/// </summary>
[Trait("Category", "Conformance")]
public sealed class ServingTests : IAsyncLifetime
{
    private const int TryAgainLater = 11;

    // It gives the name of the process that called it; the first call of ADD waits until a file has something in it.
    private const string Ipam = """
        #!/bin/sh
        cat > /dev/null
        tr '\0' ' ' < /proc/$PPID/cmdline > DIR/caller
        echo "$CNI_COMMAND" >> DIR/calls
        if [ "$CNI_COMMAND" = ADD ]; then
            if [ -p DIR/gate ]; then echo waiting > DIR/waits; read -r line < DIR/gate; fi
            echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.9/24"}], "dns": {}}'
        fi
        """;

    private static readonly CniAttachment Pod = new("c1", "/run/netns/p1");

    private CniHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Directory => _host.Root;

    public async ValueTask InitializeAsync()
    {
        _host = await CniHost.CreateAsync(CniImplementation.Served, "bridge");
        await _host.AddPodAsync("p1");
        string ipam = Path.Combine(_host.PluginDirectory, "slow-ipam");
        await File.WriteAllTextAsync(ipam, Ipam.Replace("DIR", Directory, StringComparison.Ordinal) + "\n", Token);
        await _host.RunAsync($"chmod +x {ipam}");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Call_WhileSomebodyServes_IsDoneThere()
    {
        (await CallAsync("ADD")).OrThrow();

        Assert.Contains("cni serve", await CallerAsync(), StringComparison.Ordinal);
        Assert.Contains("10.1.2.9/24", await _host.RunInPodAsync("p1", "ip address show eth0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_NobodyServesAnyMore_IsDoneByThePluginItself()
    {
        await _host.KillServerAsync();

        (await CallAsync("ADD")).OrThrow();

        Assert.Contains("/bridge", await CallerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfAnotherVersion_IsDoneByThePluginItself()
    {
        // The same bytes, but another file: as after an upgrade that the serving process has not seen.
        string plugin = Path.Combine(_host.PluginDirectory, "bridge");
        await _host.RunAsync($"cp --dereference {plugin} {plugin}.new && mv {plugin}.new {plugin}");

        (await CallAsync("ADD")).OrThrow();

        Assert.Contains("/bridge", await CallerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_FromAnotherMountNamespace_IsDoneByThePluginItself()
    {
        // Paths mean something else there.
        (await CallAsync("ADD", "unshare --mount --propagation=unchanged")).OrThrow();

        Assert.Contains("/bridge", await CallerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_Refused_HasTheErrorAndTheExitCode()
    {
        CniOutcome outcome = await _host.CallAsync("ADD", "bridge", """{"cniVersion": "1.0.0", "name": "net"}""", Pod with
        {
            NetworkNamespace = "/run/netns/none",
        });

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("/run/netns/none", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ServerIsKilledMeanwhile_SaysSoAndDelLeavesNothing()
    {
        Task<CniOutcome> add = await StartSlowAddAsync();

        await _host.KillServerAsync();
        CniOutcome outcome = await add;

        Assert.Equal((1, TryAgainLater), (outcome.ExitCode, outcome.Code));
        await _host.RunAsync($"rm {Directory}/gate");
        (await CallAsync("DEL")).OrThrow();
        Assert.DoesNotContain("master br1", await _host.RunAsync("ip link"), StringComparison.Ordinal);
        (await CallAsync("ADD")).OrThrow();
    }

    [Fact]
    public async Task Del_WhileAnAddOfAProcessThatIsGoneGoesOn_ComesAfterIt()
    {
        // A runtime that has no more patience kills the plugin's process and calls DEL.
        Task<CniOutcome> add = await StartSlowAddAsync();
        await _host.RunAsync("pkill -KILL -x bridge");
        await add;

        Task<CniOutcome> del = CallAsync("DEL");
        await _host.RunAsync($"echo go > {Directory}/gate");
        (await del).OrThrow();

        Assert.Equal("ADD DEL", (await _host.RunAsync($"cat {Directory}/calls")).Trim().Replace('\n', ' '));
        Assert.DoesNotContain("master br1", await _host.RunAsync("ip link"), StringComparison.Ordinal);
    }

    private async Task<Task<CniOutcome>> StartSlowAddAsync()
    {
        await _host.RunAsync($"mkfifo {Directory}/gate {Directory}/waits");
        Task<CniOutcome> add = CallAsync("ADD");
        await _host.RunAsync($"read -r line < {Directory}/waits");
        return add;
    }

    private Task<CniOutcome> CallAsync(string verb, string wrapper = "")
    {
        JsonObject config = new()
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "net",
            ["type"] = "bridge",
            ["bridge"] = "br1",
            ["ipam"] = new JsonObject { ["type"] = "slow-ipam" },
        };
        return _host.CallAsync(verb, "bridge", config.ToJsonString(), Pod, wrapper);
    }

    private Task<string> CallerAsync() => _host.RunAsync($"cat {Directory}/caller");
}
