using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class LoopbackTests() : LoopbackSuite(CniImplementation.Noded);

public sealed class ReferenceLoopbackTests() : LoopbackSuite(CniImplementation.Reference);

/// <summary>What a loopback plugin does, whoever wrote it.</summary>
[Trait("Category", "Conformance")]
public abstract class LoopbackSuite(CniImplementation implementation) : IAsyncLifetime
{
    private CniHost _host = null!;
    private CniAttachment _pod = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await CniHost.CreateAsync(implementation, "loopback");
        _pod = new CniAttachment("c1", await _host.AddPodAsync("p1"), "lo");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_Namespace_LoopbackIsUp(string version)
    {
        CniOutcome outcome = (await CallAsync("ADD", Config(version))).OrThrow();

        Assert.Contains("LOOPBACK,UP", await LinkAsync(), StringComparison.Ordinal);
        Assert.Equal(version, outcome.Document.GetProperty("cniVersion").GetString());
        JsonElement link = Assert.Single(outcome.Document.GetProperty("interfaces").EnumerateArray());
        Assert.Equal("lo", link.GetProperty("name").GetString());
        Assert.Equal(_pod.NetworkNamespace, link.GetProperty("sandbox").GetString());
        Assert.Contains("127.0.0.1/8", outcome.Addresses);
    }

    [Fact]
    public async Task Add_InAChain_PassesTheResultOn()
    {
        JsonNode config = Config("1.0.0");
        config["prevResult"] = JsonNode.Parse(
            """{"cniVersion": "1.0.0", "interfaces": [{"name": "eth9"}], "ips": [{"address": "10.9.8.7/24"}], "dns": {}}""");

        CniOutcome outcome = (await CallAsync("ADD", config)).OrThrow();

        Assert.Equal(["10.9.8.7/24"], outcome.Addresses);
    }

    [Fact]
    public async Task Check_UpThenDown_TellsTheDifference()
    {
        JsonNode config = Config("1.0.0");
        config["prevResult"] = (await CallAsync("ADD", Config("1.0.0"))).OrThrow().Document.Deserialize<JsonNode>();

        Assert.Equal(0, (await CallAsync("CHECK", config)).ExitCode);
        await _host.RunInPodAsync("p1", "ip link set lo down");
        Assert.Equal(1, (await CallAsync("CHECK", config)).ExitCode);
    }

    [Fact]
    public async Task Del_Twice_IsDownAndNoError()
    {
        (await CallAsync("ADD", Config("1.0.0"))).OrThrow();

        (await CallAsync("DEL", Config("1.0.0"))).OrThrow();
        (await CallAsync("DEL", Config("1.0.0"))).OrThrow();

        Assert.DoesNotContain("UP", await LinkAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Del_NamespaceIsGone_IsNoError()
    {
        await _host.RunAsync("ip netns delete p1");

        (await CallAsync("DEL", Config("1.0.0"))).OrThrow();
    }

    private static JsonObject Config(string version) =>
        new() { ["cniVersion"] = version, ["name"] = "lo", ["type"] = "loopback" };

    private Task<CniOutcome> CallAsync(string verb, JsonNode config) => _host.CallAsync(verb, config, _pod);

    private Task<string> LinkAsync() => _host.RunInPodAsync("p1", "ip -o link show lo");
}
