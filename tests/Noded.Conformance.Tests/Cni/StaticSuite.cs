using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class StaticTests() : StaticSuite(CniImplementation.Noded)
{
    [Theory]
    [InlineData("""{"addresses": [{"address": "10.1.2.3"}]}""", 7, "the 'address' field is expected to be in CIDR notation, got: '10.1.2.3'")]
    [InlineData("""{"addresses": [{}]}""", 7, "got: ''")]
    [InlineData("""{"addresses": [{"address": "10.1.2.3/24", "gateway": "x"}]}""", 6, "$.ipam.addresses[0].gateway")]
    [InlineData("""{"routes": [{"dst": "10.9.0.0"}]}""", 6, "$.ipam.routes[0].dst")]
    public async Task Add_BadField_IsRefusedWithItsName(string ipam, int code, string message)
    {
        CniOutcome refused = await CallAsync("ADD", Config(ipam));

        Assert.Equal((1, code), (refused.ExitCode, refused.Code));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_AnotherAddress_IsNoticed()
    {
        JsonObject config = Config("""{"addresses": [{"address": "10.10.0.1/24"}]}""");
        config["prevResult"] = JsonNode.Parse((await CallAsync("ADD", config)).OrThrow().Output);
        (await CallAsync("CHECK", config)).OrThrow();

        config["ipam"]!["addresses"]![0]!["address"] = "10.10.0.2/24";

        Assert.Equal(1, (await CallAsync("CHECK", config)).ExitCode);
    }

    [Fact]
    public async Task Status_BadAddress_IsToldBeforeAnyAdd()
    {
        JsonObject config = Config("""{"addresses": [{"address": "10.1.2.3/24"}]}""");
        config["cniVersion"] = "1.1.0";
        (await CallAsync("STATUS", config)).OrThrow();
        config["ipam"]!["addresses"]![0]!["address"] = "10.1.2.3/33";

        Assert.Equal(7, (await CallAsync("STATUS", config)).Code);
    }
}

public sealed class ReferenceStaticTests() : StaticSuite(CniImplementation.Reference);

/// <summary>What a static plugin answers, whoever wrote it.</summary>
[Trait("Category", "Conformance")]
public abstract class StaticSuite(CniImplementation implementation) : IAsyncLifetime
{
    private const string Two =
        """{"addresses": [{"address": "10.10.0.1/24", "gateway": "10.10.0.254"}, {"address": "3ffe:ffff::1/64", "gateway": "3ffe:ffff::fe"}]}""";

    private protected CniHost Host { get; private set; } = null!;

    private static CniAttachment Pod { get; } = new("c-p1", "/run/netns/p1");

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "static", "bridge");
        await Host.AddPodAsync("p1");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_Addresses_AreTheResult(string version)
    {
        JsonObject config = Config(Two, version);
        config["ipam"]!["routes"] = JsonNode.Parse("""[{"dst": "0.0.0.0/0"}, {"dst": "192.168.0.0/16", "gw": "10.10.5.1"}]""");
        config["ipam"]!["dns"] = JsonNode.Parse("""{"nameservers": ["8.8.8.8"], "domain": "example.com", "search": ["example.com"]}""");

        JsonElement result = (await CallAsync("ADD", config)).OrThrow().Document;

        Assert.Equal(
            ["10.10.0.1/24 10.10.0.254", "3ffe:ffff::1/64 3ffe:ffff::fe"],
            result.GetProperty("ips").EnumerateArray().Select(
                ip => $"{ip.GetProperty("address").GetString()} {ip.GetProperty("gateway").GetString()}"));
        Assert.Equal(
            ["0.0.0.0/0", "192.168.0.0/16"],
            result.GetProperty("routes").EnumerateArray().Select(route => route.GetProperty("dst").GetString()));
        Assert.Equal("10.10.5.1", result.GetProperty("routes")[1].GetProperty("gw").GetString());
        Assert.Equal("8.8.8.8", result.GetProperty("dns").GetProperty("nameservers")[0].GetString());
        Assert.Equal("example.com", result.GetProperty("dns").GetProperty("domain").GetString());
    }

    [Fact]
    public async Task Add_AddressesOfTheEnvironment_AreAdded()
    {
        CniAttachment pod = Pod with { Arguments = "IgnoreUnknown=1;IP=10.10.1.2/24,fd00:1::2/64;GATEWAY=10.10.1.254,fd00:1::fe" };

        JsonElement result = (await Host.CallAsync("ADD", Config(Two), pod)).OrThrow().Document;

        Assert.Equal(
            ["10.10.0.1/24 10.10.0.254", "3ffe:ffff::1/64 3ffe:ffff::fe", "10.10.1.2/24 10.10.1.254", "fd00:1::2/64 fd00:1::fe"],
            result.GetProperty("ips").EnumerateArray().Select(
                ip => $"{ip.GetProperty("address").GetString()} {ip.GetProperty("gateway").GetString()}"));
    }

    [Fact]
    public async Task Add_AddressesOfArguments_AreTheOnlyOnes()
    {
        JsonObject config = Config(Two);
        config["args"] = JsonNode.Parse("""{"cni": {"ips": ["10.10.1.2/24"]}}""");

        Assert.Equal(["10.10.1.2/24"], (await CallAsync("ADD", config)).OrThrow().Addresses);
    }

    [Fact]
    public async Task Add_AddressesOfTheRuntime_AreTheOnlyOnes()
    {
        JsonObject config = Config(Two);
        config["args"] = JsonNode.Parse("""{"cni": {"ips": ["10.10.1.2/24"]}}""");
        config["runtimeConfig"] = JsonNode.Parse("""{"ips": ["10.10.2.2/24", "fd00:2::2/64"]}""");

        Assert.Equal(["10.10.2.2/24", "fd00:2::2/64"], (await CallAsync("ADD", config)).OrThrow().Addresses);
    }

    [Fact]
    public async Task Add_WithoutPrefixLength_IsRefused()
    {
        CniOutcome refused = await CallAsync("ADD", Config("""{"addresses": [{"address": "10.10.0.1"}]}"""));

        Assert.Equal(1, refused.ExitCode);
    }

    [Fact]
    public async Task Add_TwiceThenDel_Answers()
    {
        (await CallAsync("ADD", Config(Two))).OrThrow();
        (await CallAsync("ADD", Config(Two))).OrThrow();

        (await CallAsync("DEL", Config(Two))).OrThrow();
        (await CallAsync("DEL", Config(Two))).OrThrow();
    }

    [Fact]
    public async Task Add_ForABridge_TheContainerHasThem()
    {
        JsonObject config = Config(Two);
        config["type"] = "bridge";
        config["bridge"] = "br1";
        config["isGateway"] = true;

        (await CallAsync("ADD", config)).OrThrow();

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.10.0.254");
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 3ffe:ffff::fe");
    }

    private protected static JsonObject Config(string ipam, string version = "1.0.0")
    {
        JsonObject parsed = JsonNode.Parse(ipam)!.AsObject();
        parsed["type"] = "static";
        return new JsonObject { ["cniVersion"] = version, ["name"] = "net", ["type"] = "static", ["ipam"] = parsed };
    }

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config) => Host.CallAsync(verb, config, Pod);
}
