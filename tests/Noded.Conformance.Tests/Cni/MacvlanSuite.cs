using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class MacvlanTests() : MacvlanSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Add_MasterInTheContainer_IsFoundThere()
    {
        await Host.RunAsync("ip link set up0 netns p1 name inner0 && ip -n p1 link set inner0 up");
        JsonObject config = Config("static");
        config["master"] = "inner0";
        config["linkInContainer"] = true;

        (await CallAsync("ADD", config, "p1")).OrThrow();

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.254");
        (await CallAsync("DEL", config, "p1")).OrThrow();
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p1", "ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_FailsHalfWay_LeavesNothingEvenWithoutDel()
    {
        JsonObject config = Config("host-local");
        config["ipam"]!["routes"] = JsonNode.Parse("""[{"dst": "10.9.0.0/16", "gw": "192.0.2.99"}]""");

        Assert.Equal(1, (await CallAsync("ADD", config, "p1")).ExitCode);

        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Gc_AttachmentsThatAreGone_LoseTheirAddresses()
    {
        JsonObject config = Config("host-local");
        config["cniVersion"] = "1.1.0";
        (await CallAsync("ADD", config, "p1")).OrThrow();
        await Host.RunAsync("ip netns delete p1");
        config["cni.dev/valid-attachments"] = new JsonArray();

        (await CallAsync("GC", config, "p2")).OrThrow();

        Assert.Equal("", await LeasesAsync());
    }

    [Fact]
    public async Task Status_MasterIsMissing_IsToldBeforeAnyAdd()
    {
        JsonObject config = Config("host-local");
        config["cniVersion"] = "1.1.0";
        (await CallAsync("STATUS", config, "p1")).OrThrow();

        config["master"] = "nope";

        Assert.Equal(1, (await CallAsync("STATUS", config, "p1")).ExitCode);
    }
}

public sealed class ReferenceMacvlanTests() : MacvlanSuite(CniImplementation.Reference);

/// <summary>What a macvlan plugin does, whoever wrote it. The wire is a veth pair to a namespace of its own.</summary>
[Trait("Category", "Conformance")]
public abstract class MacvlanSuite(CniImplementation implementation) : IAsyncLifetime
{
    private protected CniHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "macvlan", "host-local", "static");
        await Host.AddPodAsync("p1");
        await Host.AddPodAsync("p2");
        await Host.AddPodAsync("wire");
        await Host.RunAsync("""
            set -e
            ip link add up0 type veth peer name eth0 netns wire
            ip link set up0 up
            # An address is else tentative for a second, and nothing can be sent from it.
            for pod in p1 p2; do
                ip netns exec $pod sh -c 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad'
            done
            ip -n wire address add 10.1.2.254/24 dev eth0
            ip -n wire -6 address add fd00:1::fe/64 dev eth0 nodad
            ip -n wire link set eth0 up
            """);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory]
    [InlineData("0.3.1", "host-local")]
    [InlineData("1.0.0", "host-local")]
    [InlineData("1.0.0", "static")]
    public async Task Add_Pod_ResultIsWhatTheKernelHas(string version, string ipam)
    {
        JsonObject config = Config(ipam);
        config["cniVersion"] = version;

        JsonElement result = (await CallAsync("ADD", config, "p1")).OrThrow().Document;

        JsonElement link = Assert.Single(result.GetProperty("interfaces").EnumerateArray());
        Assert.Equal("eth0", link.GetProperty("name").GetString());
        Assert.Equal("/run/netns/p1", link.GetProperty("sandbox").GetString());
        Assert.Contains(link.GetProperty("mac").GetString()!, await Host.RunInPodAsync("p1", "ip link show eth0"), StringComparison.Ordinal);
        Assert.Equal(
            ["10.1.2.2/24", "fd00:1::2/64"],
            result.GetProperty("ips").EnumerateArray().Select(ip => ip.GetProperty("address").GetString()));
        Assert.All(result.GetProperty("ips").EnumerateArray(), ip => Assert.Equal(0, ip.GetProperty("interface").GetInt32()));
        Assert.Contains("macvlan mode bridge", await Host.RunInPodAsync("p1", "ip -d link show eth0"), StringComparison.Ordinal);
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.254");
        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 fd00:1::fe");
        Assert.Contains("10.9.0.0/16 via 10.1.2.254", await Host.RunInPodAsync("p1", "ip route"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_TwoPods_ReachEachOther()
    {
        (await CallAsync("ADD", Config("host-local"), "p1")).OrThrow();
        (await CallAsync("ADD", Config("host-local"), "p2")).OrThrow();

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.3");
        await Host.RunInPodAsync("p2", "ping -c 1 -w 5 fd00:1::2");
    }

    [Theory]
    [InlineData("", "bridge")]
    [InlineData("bridge", "bridge")]
    [InlineData("private", "private")]
    [InlineData("vepa", "vepa")]
    [InlineData("passthru", "passthru")]
    public async Task Add_Mode_IsTheLinks(string mode, string expected)
    {
        JsonObject config = Config("host-local");
        config["mode"] = mode;

        (await CallAsync("ADD", config, "p1")).OrThrow();

        Assert.Contains($"macvlan mode {expected}", await Host.RunInPodAsync("p1", "ip -d link show eth0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mode", "\"half\"", "unknown macvlan mode: \"half\"")]
    [InlineData("mtu", "1501", "invalid MTU 1501, must be [0, master MTU(1500)]")]
    [InlineData("mtu", "-1", "invalid MTU -1, must be [0, master MTU(1500)]")]
    [InlineData("master", "\"nope\"", "Link not found")]
    public async Task Add_BadField_IsRefusedAndNothingIsLeft(string key, string value, string message)
    {
        JsonObject config = Config("host-local");
        config[key] = JsonNode.Parse(value);

        CniOutcome refused = await CallAsync("ADD", config, "p1");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Add_MtuAndMac_AreTheLinks()
    {
        JsonObject config = Config("host-local");
        config["mtu"] = 1300;
        config["runtimeConfig"] = new JsonObject { ["mac"] = "02:11:22:33:44:55" };

        (await CallAsync("ADD", config, "p1")).OrThrow();

        string link = await Host.RunInPodAsync("p1", "ip link show eth0");
        Assert.Contains("mtu 1300", link, StringComparison.Ordinal);
        Assert.Contains("02:11:22:33:44:55", link, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WithoutMaster_IsOnTheDefaultRoute()
    {
        JsonObject config = Config("host-local");
        config.Remove("master");
        Assert.Equal(1, (await CallAsync("ADD", config, "p1")).ExitCode);
        await Host.RunAsync("ip address add 10.1.2.253/24 dev up0 && ip route add default via 10.1.2.254");

        (await CallAsync("ADD", config, "p1")).OrThrow();

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.254");
    }

    [Fact]
    public async Task Add_WithoutIpam_IsALinkAlone()
    {
        JsonObject config = Config("host-local");
        config["ipam"] = new JsonObject();

        (await CallAsync("ADD", config, "p1")).OrThrow();

        Assert.Contains("UP", await Host.RunInPodAsync("p1", "ip link show eth0"), StringComparison.Ordinal);
        Assert.DoesNotContain("inet ", await Host.RunInPodAsync("p1", "ip address show eth0"), StringComparison.Ordinal);
        (await CallAsync("DEL", config, "p1")).OrThrow();
        await AssertNothingLeftAsync("p1");
    }

    [Fact]
    public async Task Add_Twice_IsRefusedAndTheFirstWorks()
    {
        (await CallAsync("ADD", Config("static"), "p1")).OrThrow();

        Assert.Equal(1, (await CallAsync("ADD", Config("static"), "p1")).ExitCode);

        await Host.RunInPodAsync("p1", "ping -c 1 -w 5 10.1.2.254");
    }

    [Fact]
    public async Task Add_NoAddressLeft_LeavesNothing()
    {
        JsonObject config = Config("host-local");
        config["ipam"]!["ranges"] = JsonNode.Parse("""[[{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.2", "rangeEnd": "10.1.2.2"}]]""");
        (await CallAsync("ADD", config, "p1")).OrThrow();

        CniOutcome refused = await CallAsync("ADD", config, "p2");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no IP addresses available", refused.Message, StringComparison.Ordinal);
        (await CallAsync("DEL", config, "p2")).OrThrow();
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync("p2", "ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Del_TwiceAndWithoutANamespace_LeavesNothing()
    {
        JsonObject config = Config("host-local");
        (await CallAsync("ADD", config, "p1")).OrThrow();
        (await CallAsync("ADD", config, "p2")).OrThrow();

        (await CallAsync("DEL", config, "p1")).OrThrow();
        (await CallAsync("DEL", config, "p1")).OrThrow();
        await Host.RunAsync("ip netns delete p2");
        (await Host.CallAsync("DEL", config, Attachment("p2") with { NetworkNamespace = "" })).OrThrow();

        await AssertNothingLeftAsync("p1");
    }

    [Theory]
    [InlineData("ip -n p1 address delete 10.1.2.2/24 dev eth0")]
    [InlineData("ip -n p1 route delete 10.9.0.0/16")]
    [InlineData("ip -n p1 link delete eth0")]
    [InlineData("ip -n p1 link set eth0 type macvlan mode private")]
    [InlineData("rm $DATA/net/10.1.2.2 $DATA/net/fd00:1::2")]
    public async Task Check_SomethingWasTakenAway_IsNoticed(string damage)
    {
        JsonObject config = Config("host-local");
        JsonObject check = config.DeepClone().AsObject();
        check["prevResult"] = JsonNode.Parse((await CallAsync("ADD", config, "p1")).OrThrow().Output);
        (await CallAsync("CHECK", check, "p1")).OrThrow();

        await Host.RunAsync(damage.Replace("$DATA", Host.DataDirectory, StringComparison.Ordinal));

        Assert.Equal(1, (await CallAsync("CHECK", check, "p1")).ExitCode);
    }

    private protected JsonObject Config(string ipam) => new()
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "net",
        ["type"] = "macvlan",
        ["master"] = "up0",
        ["ipam"] = new JsonObject
        {
            ["type"] = ipam,
            ["dataDir"] = Host.DataDirectory,
            ["ranges"] = JsonNode.Parse("""[[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]"""),
            ["addresses"] = JsonNode.Parse("""[{"address": "10.1.2.2/24"}, {"address": "fd00:1::2/64"}]"""),
            ["routes"] = JsonNode.Parse("""[{"dst": "10.9.0.0/16", "gw": "10.1.2.254"}]"""),
        },
    };

    private protected static CniAttachment Attachment(string pod) => new($"c-{pod}", $"/run/netns/{pod}");

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config, string pod) =>
        Host.CallAsync(verb, config, Attachment(pod));

    private protected async Task AssertNothingLeftAsync(string pod)
    {
        Assert.DoesNotContain("eth0", await Host.RunInPodAsync(pod, "ip link"), StringComparison.Ordinal);
        Assert.Equal("", await LeasesAsync());
    }

    private protected Task<string> LeasesAsync() =>
        Host.RunAsync($"cd {Host.DataDirectory}/net 2>/dev/null && ls | grep -v -e lock -e last_ || :");
}
