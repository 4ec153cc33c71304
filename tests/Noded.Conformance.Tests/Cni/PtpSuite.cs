using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class PtpTests() : PtpSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Gc_AttachmentsThatAreGone_LoseLinkAndAddress()
    {
        await AddAsync(Config(), "p1");
        await AddAsync(Config(), "p2");
        JsonObject gc = Config();
        gc["cniVersion"] = "1.1.0";
        gc["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "c-p2", ["ifname"] = "eth0" });

        (await CallAsync("GC", gc, "p1")).OrThrow();

        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p1", "ip link"), StringComparison.Ordinal);
        await Host.RunInPodAsync("p2", "ping -c 1 -w 5 10.1.2.1");
    }

    [Fact]
    public async Task Add_FailsHalfWay_LeavesNothingEvenWithoutDel()
    {
        JsonObject config = Config();
        config["ipam"]!["routes"] = JsonNode.Parse("""[{"dst": "10.9.0.0/16", "gw": "192.0.2.99"}]""");

        CniOutcome refused = await CallAsync("ADD", config, "p1");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("add route to 10.9.0.0/16", refused.Message, StringComparison.Ordinal);
        await AssertNothingLeftAsync("p1");
    }
}

public sealed class ReferencePtpTests() : PtpSuite(CniImplementation.Reference);

/// <summary>What a ptp plugin does with addresses of host-local, whoever wrote both.</summary>
[Trait("Category", "Conformance")]
public abstract class PtpSuite(CniImplementation implementation) : IAsyncLifetime
{
    private protected CniHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "ptp", "host-local");
        await Host.AddPodAsync("p1");
        await Host.AddPodAsync("p2");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Fact]
    public async Task Add_Pod_ResultIsWhatTheKernelHas()
    {
        JsonObject config = Config();
        config["mtu"] = 1400;

        JsonElement result = (await AddAsync(config, "p1")).Document;

        string host = result.GetProperty("interfaces")[0].GetProperty("name").GetString()!;
        JsonElement inside = result.GetProperty("interfaces")[1];
        Assert.Equal("eth0", inside.GetProperty("name").GetString());
        Assert.Equal("/run/netns/p1", inside.GetProperty("sandbox").GetString());
        Assert.Equal(1, result.GetProperty("ips")[0].GetProperty("interface").GetInt32());
        Assert.Contains("10.1.2.1/32", await Host.RunAsync($"ip address show {host}"), StringComparison.Ordinal);
        Assert.Contains($"10.1.2.2 dev {host}", await Host.RunAsync("ip route"), StringComparison.Ordinal);
        Assert.Contains("10.1.2.2/24", await Host.RunInPodAsync("p1", "ip address show eth0"), StringComparison.Ordinal);
        Assert.Contains("mtu 1400", await Host.RunInPodAsync("p1", "ip link show eth0"), StringComparison.Ordinal);
        string routes = await Host.RunInPodAsync("p1", "ip route");
        Assert.Contains("10.1.2.0/24 via 10.1.2.1 dev eth0", routes, StringComparison.Ordinal);
        Assert.Matches("10.1.2.1 dev eth0 (proto static )?scope link", routes);
        Assert.Contains("default via 10.1.2.1 dev eth0", routes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_TwoPods_ReachEachOtherTheHostAndOutside()
    {
        await AddAsync(Config(), "p1");
        await AddAsync(Config(), "p2");
        await Host.AddOutsideAsync("10.1.2.0/24", "fd00:1::/64");

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.3");
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.1");
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 fd00:1::3");
        await Host.RunInPodAsync("p2", "ping -c 1 -w 5 fd00:1::1");
        await Host.RunAsync("ping -c 1 -w 5 10.1.2.2");
        await Host.RunAsync("ping -c 1 -w 5 fd00:1::3");
        Assert.Equal("10.1.2.2", await Host.SourceSeenOutsideAsync("p1", CniHost.OutsideV4));
        Assert.Equal("fd00:1::3", await Host.SourceSeenOutsideAsync("p2", CniHost.OutsideV6));
    }

    [Fact]
    public async Task Add_Masquerade_OutsideSeesTheHostUntilDel()
    {
        JsonObject config = Config();
        config["ipMasq"] = true;
        await AddAsync(config, "p1");
        await AddAsync(config, "p2");
        await Host.AddOutsideAsync();

        Assert.Equal(CniHost.UplinkV4, await Host.SourceSeenOutsideAsync("p1", CniHost.OutsideV4));
        Assert.Equal(CniHost.UplinkV6, await Host.SourceSeenOutsideAsync("p2", CniHost.OutsideV6));
        Assert.Equal("10.1.2.2", await Host.SourceSeenAsync("p2", "p1", "10.1.2.3"));

        (await CallAsync("DEL", config, "p1")).OrThrow();
        (await CallAsync("DEL", config, "p2")).OrThrow();
        Assert.DoesNotContain("10.1.2", await Host.RunAsync("nft list ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_DnsOfTheConfiguration_IsTheResults()
    {
        JsonObject config = Config();
        config["dns"] = JsonNode.Parse("""{"nameservers": ["10.0.0.2"]}""");

        Assert.Equal(
            "10.0.0.2",
            (await AddAsync(config, "p1")).Document.GetProperty("dns").GetProperty("nameservers")[0].GetString());
    }

    [Fact]
    public async Task Add_Twice_IsRefusedAndTheFirstKeepsItsAddress()
    {
        await AddAsync(Config(), "p1");

        Assert.Equal(1, (await CallAsync("ADD", Config(), "p1")).ExitCode);

        Assert.Equal(["10.1.2.2", "fd00:1::2"], await LeasesAsync());
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.1");
    }

    [Fact]
    public async Task Del_Twice_LeavesNothing()
    {
        await AddAsync(Config(), "p1");

        (await CallAsync("DEL", Config(), "p1")).OrThrow();
        (await CallAsync("DEL", Config(), "p1")).OrThrow();

        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Del_NamespaceIsGone_LeavesNothing()
    {
        await AddAsync(Config(), "p1");
        await Host.RunAsync("ip netns delete p1");

        (await CallAsync("DEL", Config(), "p1")).OrThrow();

        Assert.Empty(await LeasesAsync());
    }

    [Theory]
    [InlineData("ip netns exec p1 ip address delete 10.1.2.2/24 dev eth0")]
    [InlineData("ip netns exec p1 ip link delete eth0")]
    [InlineData("rm $DATA/net/10.1.2.2 $DATA/net/fd00:1::2")]
    public async Task Check_SomethingWasTakenAway_IsNoticed(string damage)
    {
        JsonObject config = Config();
        config["ipam"]!["routes"] = JsonNode.Parse("""[{"dst": "10.9.0.0/16", "gw": "10.1.2.1"}]""");
        CniOutcome added = await AddAsync(config, "p1");
        JsonObject check = config.DeepClone().AsObject();
        check["prevResult"] = JsonNode.Parse(added.Output);
        (await CallAsync("CHECK", check, "p1")).OrThrow();

        await Host.RunAsync(damage.Replace("$DATA", Host.DataDirectory, StringComparison.Ordinal));

        Assert.Equal(1, (await CallAsync("CHECK", check, "p1")).ExitCode);
    }

    private protected JsonObject Config() => new()
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "net",
        ["type"] = "ptp",
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = Host.DataDirectory,
            ["ranges"] = JsonNode.Parse("""[[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]"""),
            ["routes"] = JsonNode.Parse("""[{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]"""),
        },
    };

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config, string pod) =>
        Host.CallAsync(verb, config, new CniAttachment($"c-{pod}", $"/run/netns/{pod}"));

    private protected async Task<CniOutcome> AddAsync(JsonObject config, string pod) =>
        (await CallAsync("ADD", config, pod)).OrThrow();

    private protected async Task AssertNothingLeftAsync(string pod)
    {
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync(pod, "ip link"), StringComparison.Ordinal);
        Assert.DoesNotContain("veth", await Host.RunAsync("ip link"), StringComparison.Ordinal);
        Assert.Empty(await LeasesAsync());
    }

    private async Task<string[]> LeasesAsync() =>
        (await Host.RunAsync($"cd {Host.DataDirectory}/net 2>/dev/null && ls | grep -v -e lock -e last_ || :"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
