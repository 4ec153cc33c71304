using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

/// <summary>The suite, and what the reference plugin does not do or does differently.</summary>
public sealed class BridgeTests() : BridgeSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Gc_AttachmentsThatAreGone_LoseLinkAndAddress()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await AddAsync(config, "p1");
        string kept = HostLinkOf(await AddAsync(config, "p2"));
        JsonObject gc = config.DeepClone().AsObject();
        gc["cniVersion"] = "1.1.0";
        gc["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "c-p2", ["ifname"] = "eth0" });

        (await CallAsync("GC", gc, "p1")).OrThrow();

        Assert.Contains(kept, Assert.Single(await PortsAsync()), StringComparison.Ordinal);
        Assert.Equal(["10.1.2.3"], await LeasesAsync());
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p1", "ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_IpamIsMissing_IsToldBeforeAnyAdd()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["cniVersion"] = "1.1.0";
        (await CallAsync("STATUS", config, "p1")).OrThrow();

        config["ipam"]!["type"] = "none-such";

        Assert.Equal(1, (await CallAsync("STATUS", config, "p1")).ExitCode);
    }

    [Fact]
    public async Task Add_IpamOfSomebodyElse_IsExecuted()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/host-local"), "Needs the package containernetworking-plugins.");
        await Host.RunAsync($"rm {Host.PluginDirectory}/host-local && cp /usr/lib/cni/host-local {Host.PluginDirectory}/");
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");

        Assert.Equal(["10.1.2.2/24"], (await AddAsync(config, "p1")).Addresses);
        CniOutcome refused = await CallAsync("ADD", Config("""{"subnet": "10.1.2.0/31"}"""), "p2");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("too small to allocate from", refused.Message, StringComparison.Ordinal);
        (await CallAsync("DEL", config, "p1")).OrThrow();
        Assert.Empty(await LeasesAsync());
    }

    [Fact]
    public async Task Del_PairOfTheReferencePlugin_IsRemoved()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/bridge"), "Needs the package containernetworking-plugins.");
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await Host.RunAsync($"mv {Host.PluginDirectory}/bridge {Host.PluginDirectory}/ours && cp /usr/lib/cni/bridge {Host.PluginDirectory}/");
        await AddAsync(config, "p1");
        await Host.RunAsync($"mv {Host.PluginDirectory}/ours {Host.PluginDirectory}/bridge");

        (await CallAsync("DEL", config, "p1")).OrThrow();

        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Add_Gateway_PodsGetNoRedirectsAndOtherLinksStayAsTheyAre()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}""");
        config["isGateway"] = true;
        await AddAsync(config, "p1");
        await AddAsync(config, "p2");
        await Host.AddOutsideAsync();

        // The way to a neighbour by the gateway: the kernel would tell of the shorter one.
        await Host.RunInPodAsync("p1", "ip route add 10.1.2.3/32 via 10.1.2.1");
        await Host.RunInPodAsync("p1", "ping -c 3 -i 0.2 -w 10 10.1.2.3");

        string received = await Host.RunInPodAsync("p1", "nstat -a -z -s IcmpInRedirects");
        Assert.Matches(@"IcmpInRedirects\s+0\s", received);
        Assert.Equal(
            "0\n1\n",
            await Host.RunAsync("cat /proc/sys/net/ipv4/conf/br1/send_redirects /proc/sys/net/ipv4/conf/uplink/send_redirects"));
    }

    [Fact]
    public async Task Add_DuplicateDetection_AddressIsUsableOnReturn()
    {
        JsonObject config = Config("""{"subnet": "fd00:1::/64"}""");
        config["isGateway"] = true;
        config["enabledad"] = true;

        await AddAsync(config, "p1");

        string addresses = await Host.RunInPodAsync("p1", "ip -6 address show eth0");
        Assert.Contains("fd00:1::2/64", addresses, StringComparison.Ordinal);
        Assert.DoesNotContain("tentative", addresses, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_AddressOfSomebodyElse_IsRefusedWithDuplicateDetection()
    {
        JsonObject config = Config("""{"subnet": "fd00:1::/64"}""");
        await AddAsync(config, "p2");
        await Host.RunAsync($"rm {Host.DataDirectory}/net/fd00:1::2 {Host.DataDirectory}/net/last_reserved_ip.0");
        config["enabledad"] = true;

        CniOutcome refused = await CallAsync("ADD", config, "p1");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("fd00:1::2/64 is in use by another host", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p1", "ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_PortIsolation_PodsSeeTheGatewayAlone()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["isGateway"] = true;
        config["portIsolation"] = true;
        await AddAsync(config, "p1");
        await AddAsync(config, "p2");

        await PingAsync("p1", "10.1.2.1");
        await Assert.ThrowsAsync<IOException>(() => Host.RunInPodAsync("p1", "ping -c 1 -W 1 10.1.2.3"));
    }

    [Theory]
    [InlineData("vlan", "100", 2, "key: vlan, value: 100")]
    [InlineData("vlanTrunk", """[{"id": 7}]""", 2, "key: vlanTrunk")]
    [InlineData("macspoofchk", "true", 2, "key: macspoofchk, value: true")]
    [InlineData("mtu", "\"big\"", 6, "$.mtu")]
    [InlineData("mtu", "-1", 6, "$.mtu")]
    [InlineData("isGateway", "1", 6, "$.isGateway")]
    [InlineData("promiscMode", "true", 7, "hairpin mode and promiscuous mode")]
    [InlineData("disableContainerInterface", "true", 7, "cannot use IPAM")]
    public async Task Add_BadField_IsRefusedWithItsName(string key, string value, int code, string message)
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["hairpinMode"] = key == "promiscMode";
        config[key] = JsonNode.Parse(value);

        CniOutcome refused = await CallAsync("ADD", config, "p1");

        Assert.Equal((1, code), (refused.ExitCode, refused.Code));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Add_FailsHalfWay_LeavesNothingEvenWithoutDel()
    {
        await Host.RunAsync("ip link add br1 type bridge && ip address add 10.7.0.1/24 dev br1 && ip link set br1 up");
        JsonObject config = Config("""{"subnet": "10.1.2.0/24", "rangeEnd": "10.1.2.2"}""");
        config["isGateway"] = true;

        Assert.Equal(1, (await CallAsync("ADD", config, "p1")).ExitCode);
        await AssertNothingLeftAsync("p1");

        config["isGateway"] = false;
        await AddAsync(config, "p1");
        Assert.Equal(101, (await CallAsync("ADD", config, "p2")).Code);
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p2", "ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_DefaultRouteOfIpamAndOfTheGateway_IsOne()
    {
        JsonObject config = Config(DualStack);
        config["isDefaultGateway"] = true;

        await AddAsync(config, "p1");

        Assert.Contains("default via 10.1.2.1 dev eth0", await Host.RunInPodAsync("p1", "ip -4 route"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_NamespaceIsNone_LeavesNothing()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");

        CniOutcome missing = await Host.CallAsync("ADD", config, Attachment("p1") with { NetworkNamespace = "/run/netns/none" });
        CniOutcome foreign = await Host.CallAsync("ADD", config, Attachment("p1") with { NetworkNamespace = "/etc/passwd" });
        CniOutcome own = await Host.CallAsync("ADD", config, Attachment("p1") with { NetworkNamespace = "/proc/self/ns/net" });

        Assert.Equal((3, 8, 8), (missing.Code, foreign.Code, own.Code));
        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task AddAndDel_TwoHundredAtOnce_LeaveNothing()
    {
        const int Count = 200;
        JsonObject config = Config(DualStack);
        config["isGateway"] = true;
        config["ipMasq"] = true;
        await Host.RunAsync($"for i in $(seq 0 {Count - 1}); do ip netns add m$i; done");

        CniOutcome[] added = await Task.WhenAll(Enumerable.Range(0, Count).Select(i => CallAsync("ADD", config, $"m{i}")));

        Assert.Equal(2 * Count, added.SelectMany(outcome => outcome.OrThrow().Addresses).Distinct().Count());
        await Host.RunInPodAsync("m0", "ip link set lo up");
        await PingAsync("m0", "10.1.2.2", "10.1.2.3", "10.1.2.1");
        foreach (CniOutcome deleted in await Task.WhenAll(Enumerable.Range(0, Count).Select(i => CallAsync("DEL", config, $"m{i}"))))
        {
            deleted.OrThrow();
        }

        Assert.Empty(await PortsAsync());
        Assert.Empty(await LeasesAsync());
        Assert.Equal("", await Host.RunAsync("nft list ruleset"));
    }

    [Fact]
    public async Task Add_TwentyPods_AsManyRulesAsForOne()
    {
        await Host.RunAsync($"ln -s {Host.PluginDirectory}/bridge {Host.PluginDirectory}/portmap");
        await AddWithPortAsync(0);
        int one = await CountRulesAsync();

        for (int i = 1; i < 20; i++)
        {
            await AddWithPortAsync(i);
        }

        // Two lookups and a network's three rules each for IPv4 and IPv6, and what portmap needs.
        Assert.InRange(one, 10, 30);
        Assert.Equal(one, await CountRulesAsync());
        Assert.Contains("20019", await Host.RunAsync("nft list ruleset"), StringComparison.Ordinal);

        async Task AddWithPortAsync(int i)
        {
            JsonObject config = Config(DualStack);
            config["isGateway"] = true;
            config["ipMasq"] = true;
            await Host.AddPodAsync($"m{i}");
            JsonNode result = JsonNode.Parse((await AddAsync(config, $"m{i}")).Output)!;
            JsonObject ports = new()
            {
                ["cniVersion"] = "1.0.0",
                ["name"] = "net",
                ["type"] = "portmap",
                ["prevResult"] = result,
                ["runtimeConfig"] = new JsonObject
                {
                    ["portMappings"] = new JsonArray(
                        new JsonObject { ["hostPort"] = 20000 + i, ["containerPort"] = 80, ["protocol"] = "tcp" },
                        new JsonObject { ["hostPort"] = 20000 + i, ["containerPort"] = 53, ["protocol"] = "udp" }),
                },
            };
            await AddAsync(ports, $"m{i}");
        }
    }

    private async Task<int> CountRulesAsync() => JsonNode.Parse(await Host.RunAsync("nft -j list ruleset"))!["nftables"]!
        .AsArray().Count(found => found!.AsObject().ContainsKey("rule"));
}
