using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class ReferenceBridgeTests() : BridgeSuite(CniImplementation.Reference);

/// <summary>What a bridge plugin does with addresses of host-local, whoever wrote both.</summary>
[Trait("Category", "Conformance")]
public abstract class BridgeSuite(CniImplementation implementation) : IAsyncLifetime
{
    private protected const string DualStack =
        """{"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]], "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}""";

    private const string DualStackWithoutRoutes = """{"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]}""";

    private protected CniHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "bridge", "host-local");
        await Host.AddPodAsync("p1");
        await Host.AddPodAsync("p2");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_Gateway_ResultIsWhatTheKernelHas(string version)
    {
        JsonObject config = Config(DualStackWithoutRoutes);
        config["cniVersion"] = version;
        config["isDefaultGateway"] = true;
        config["mtu"] = 1400;

        JsonElement result = (await AddAsync(config, "p1")).Document;

        JsonElement[] links = [.. result.GetProperty("interfaces").EnumerateArray()];
        Assert.Equal("br1", links[0].GetProperty("name").GetString());
        Assert.Equal(await MacAsync(null, "br1"), links[0].GetProperty("mac").GetString());
        string host = links[1].GetProperty("name").GetString()!;
        Assert.Equal(await MacAsync(null, host), links[1].GetProperty("mac").GetString());
        Assert.Equal("eth0", links[2].GetProperty("name").GetString());
        Assert.Equal(await MacAsync("p1", "eth0"), links[2].GetProperty("mac").GetString());
        Assert.Equal("/run/netns/p1", links[2].GetProperty("sandbox").GetString());

        Assert.Equal(
            ["10.1.2.2/24 10.1.2.1 2", "fd00:1::2/64 fd00:1::1 2"],
            result.GetProperty("ips").EnumerateArray().Select(
                ip => $"{ip.GetProperty("address").GetString()} {ip.GetProperty("gateway").GetString()} {ip.GetProperty("interface").GetInt32()}"));
        Assert.Contains("mtu 1400", await Host.RunInPodAsync("p1", "ip link show eth0"), StringComparison.Ordinal);
        Assert.Contains("master br1", await Host.RunAsync($"ip link show {host}"), StringComparison.Ordinal);
        Assert.Contains("10.1.2.1/24", await Host.RunAsync("ip address show br1"), StringComparison.Ordinal);
        Assert.Contains("fd00:1::1/64", await Host.RunAsync("ip address show br1"), StringComparison.Ordinal);
        Assert.Contains("default via 10.1.2.1 dev eth0", await Host.RunInPodAsync("p1", "ip -4 route"), StringComparison.Ordinal);
        Assert.Contains("default via fd00:1::1 dev eth0", await Host.RunInPodAsync("p1", "ip -6 route"), StringComparison.Ordinal);
        Assert.Equal("1\n1\n", await Host.RunAsync("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"));
    }

    [Fact]
    public async Task Add_TwoPods_ReachEachOtherAndTheHost()
    {
        JsonObject config = Config(DualStack);
        config["isGateway"] = true;
        await AddAsync(config, "p1");
        await AddAsync(config, "p2");

        await PingAsync("p1", "10.1.2.3", "fd00:1::3", "10.1.2.1", "fd00:1::1");
        await PingAsync("p2", "10.1.2.2", "fd00:1::2", "10.1.2.1", "fd00:1::1");
        await PingAsync(null, "10.1.2.2", "fd00:1::2", "10.1.2.3", "fd00:1::3");
    }

    [Fact]
    public async Task Add_PodToOutside_KeepsItsAddress()
    {
        JsonObject config = Config(DualStack);
        config["isGateway"] = true;
        await AddAsync(config, "p1");
        await Host.AddOutsideAsync("10.1.2.0/24", "fd00:1::/64");

        Assert.Equal("10.1.2.2", await Host.SourceSeenOutsideAsync("p1", CniHost.OutsideV4));
        Assert.Equal("fd00:1::2", await Host.SourceSeenOutsideAsync("p1", CniHost.OutsideV6));
        await Host.RunInPodAsync("outside", "ping -c 1 -w 5 10.1.2.2");
    }

    [Fact]
    public async Task Add_Masquerade_OutsideSeesTheHostUntilDel()
    {
        JsonObject config = Config(DualStack);
        config["isGateway"] = true;
        config["ipMasq"] = true;
        await AddAsync(config, "p1");
        await AddAsync(config, "p2");
        await Host.AddOutsideAsync();

        Assert.Equal(CniHost.UplinkV4, await Host.SourceSeenOutsideAsync("p1", CniHost.OutsideV4));
        Assert.Equal(CniHost.UplinkV6, await Host.SourceSeenOutsideAsync("p2", CniHost.OutsideV6));
        await PingAsync("p1", "10.1.2.3", "fd00:1::3");

        (await CallAsync("DEL", config, "p1")).OrThrow();
        (await CallAsync("DEL", config, "p2")).OrThrow();
        Assert.DoesNotContain("10.1.2", await Host.RunAsync("nft list ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WithoutGateway_HasNoAddressOnTheBridge()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");

        await AddAsync(config, "p1");

        Assert.DoesNotContain("10.1.2.1", await Host.RunAsync("ip address show br1"), StringComparison.Ordinal);
        Assert.DoesNotContain("default", await Host.RunInPodAsync("p1", "ip route"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_Hairpin_FramesComeBack()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["hairpinMode"] = true;

        string host = HostLinkOf(await AddAsync(config, "p1"));

        Assert.Contains("hairpin on", await Host.RunAsync($"ip -d link show {host}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_Promiscuous_TheBridgeIs()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["promiscMode"] = true;

        await AddAsync(config, "p1");

        Assert.Contains("PROMISC", await Host.RunAsync("ip link show br1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runtime")]
    [InlineData("args")]
    [InlineData("environment")]
    public async Task Add_MacAskedFor_IsTheContainers(string way)
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        CniAttachment attachment = Attachment("p1");

        switch (way)
        {
            case "runtime":
                config["runtimeConfig"] = new JsonObject { ["mac"] = "02:11:22:33:44:55" };
                break;
            case "args":
                config["args"] = new JsonObject { ["cni"] = new JsonObject { ["mac"] = "02:11:22:33:44:55" } };
                break;
            default:
                attachment = attachment with { Arguments = "IgnoreUnknown=1;MAC=02:11:22:33:44:55" };
                break;
        }

        (await Host.CallAsync("ADD", config, attachment)).OrThrow();

        Assert.Equal("02:11:22:33:44:55", await MacAsync("p1", "eth0"));
    }

    [Fact]
    public async Task Add_WithoutIpam_JoinsTheLinkAlone()
    {
        JsonObject config = Config("{}");
        config["ipam"] = new JsonObject();

        string host = HostLinkOf(await AddAsync(config, "p1"));

        Assert.Contains("master br1", await Host.RunAsync($"ip link show {host}"), StringComparison.Ordinal);
        Assert.Contains("UP", await Host.RunInPodAsync("p1", "ip link show eth0"), StringComparison.Ordinal);
        Assert.DoesNotContain("inet ", await Host.RunInPodAsync("p1", "ip address show eth0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_BridgeHasAnotherAddress_IsRefusedUnlessForced()
    {
        JsonObject other = Config("""{"subnet": "10.7.0.0/24"}""");
        other["isGateway"] = true;
        await AddAsync(other, "p2");
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["isGateway"] = true;

        CniOutcome refused = await CallAsync("ADD", config, "p1");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("already has an IP address different from 10.1.2.1/24", refused.Message, StringComparison.Ordinal);
        (await CallAsync("DEL", config, "p1")).OrThrow();
        config["forceAddress"] = true;
        await AddAsync(config, "p1");
        Assert.DoesNotContain("10.7.0.1", await Host.RunAsync("ip address show br1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_NameIsNoBridge_IsRefused()
    {
        await Host.RunAsync("ip link add br1 type veth peer name br1peer");

        CniOutcome refused = await CallAsync("ADD", Config("""{"subnet": "10.1.2.0/24"}"""), "p1");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("already exists but is not a bridge", refused.Message, StringComparison.Ordinal);
        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Add_Twice_IsRefusedAndTheFirstWorks()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["isGateway"] = true;
        await AddAsync(config, "p1");

        Assert.Equal(1, (await CallAsync("ADD", config, "p1")).ExitCode);

        await PingAsync("p1", "10.1.2.1");
    }

    [Fact]
    public async Task Add_NoAddressLeft_LeavesNothing()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.2", "rangeEnd": "10.1.2.2"}""");
        await AddAsync(config, "p1");

        CniOutcome refused = await CallAsync("ADD", config, "p2");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no IP addresses available", refused.Message, StringComparison.Ordinal);
        (await CallAsync("DEL", config, "p2")).OrThrow();
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p2", "ip link"), StringComparison.Ordinal);
        Assert.Single(await PortsAsync());
    }

    [Fact]
    public async Task Del_Twice_LeavesNothing()
    {
        JsonObject config = Config(DualStack);
        config["isGateway"] = true;
        await AddAsync(config, "p1");

        (await CallAsync("DEL", config, "p1")).OrThrow();
        (await CallAsync("DEL", config, "p1")).OrThrow();

        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Del_NamespaceIsGone_LeavesNothing()
    {
        JsonObject config = Config(DualStack);
        await AddAsync(config, "p1");
        await Host.RunAsync("ip netns delete p1");

        (await CallAsync("DEL", config, "p1")).OrThrow();
        (await Host.CallAsync("DEL", config, Attachment("p1") with { NetworkNamespace = "" })).OrThrow();

        Assert.Empty(await LeasesAsync());
    }

    [Theory]
    [InlineData("ip netns exec p1 ip address delete 10.1.2.2/24 dev eth0")]
    [InlineData("ip netns exec p1 ip route delete 10.9.0.0/16")]
    [InlineData("ip netns exec p1 ip link delete eth0")]
    [InlineData("ip link set $HOST nomaster")]
    [InlineData("ip link delete br1")]
    [InlineData("rm $DATA/net/10.1.2.2")]
    public async Task Check_SomethingWasTakenAway_IsNoticed(string damage)
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24", "routes": [{"dst": "10.9.0.0/16", "gw": "10.1.2.1"}]}""");
        config["isGateway"] = true;
        CniOutcome added = await AddAsync(config, "p1");
        JsonObject check = config.DeepClone().AsObject();
        check["prevResult"] = JsonNode.Parse(added.Output);
        (await CallAsync("CHECK", check, "p1")).OrThrow();

        await Host.RunAsync(damage
            .Replace("$HOST", HostLinkOf(added), StringComparison.Ordinal)
            .Replace("$DATA", Host.DataDirectory, StringComparison.Ordinal));

        Assert.Equal(1, (await CallAsync("CHECK", check, "p1")).ExitCode);
    }

    private protected JsonObject Config(string ipam)
    {
        JsonObject parsed = JsonNode.Parse(ipam)!.AsObject();
        parsed["type"] = "host-local";
        parsed["dataDir"] = Host.DataDirectory;
        return new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "net",
            ["type"] = "bridge",
            ["bridge"] = "br1",
            ["ipam"] = parsed,
        };
    }

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config, string pod) =>
        Host.CallAsync(verb, config, Attachment(pod));

    private protected async Task<CniOutcome> AddAsync(JsonObject config, string pod) =>
        (await CallAsync("ADD", config, pod)).OrThrow();

    private protected static CniAttachment Attachment(string pod) => new($"c-{pod}", $"/run/netns/{pod}");

    private protected async Task AssertNothingLeftAsync(string pod)
    {
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync(pod, "ip link"), StringComparison.Ordinal);
        Assert.Empty(await PortsAsync());
        Assert.Empty(await LeasesAsync());
    }

    private protected async Task<string[]> PortsAsync() => Lines(await Host.RunAsync("ip -o link show master br1 2>/dev/null || :"));

    private protected async Task<string[]> LeasesAsync() =>
        Lines(await Host.RunAsync($"cd {Host.DataDirectory}/net 2>/dev/null && ls | grep -v -e lock -e last_ || :"));

    private protected static string HostLinkOf(CniOutcome outcome) =>
        outcome.Document.GetProperty("interfaces")[1].GetProperty("name").GetString()!;

    private protected async Task PingAsync(string? pod, params string[] addresses)
    {
        foreach (string address in addresses)
        {
            string command = $"ping -c 1 -w 5 {address}";
            await (pod is null ? Host.RunAsync(command) : Host.RunInPodAsync(pod, command));
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<string> MacAsync(string? pod, string link)
    {
        string command = $"ip -j link show {link}";
        string json = await (pod is null ? Host.RunAsync(command) : Host.RunInPodAsync(pod, command));
        return JsonDocument.Parse(json).RootElement[0].GetProperty("address").GetString()!;
    }
}
