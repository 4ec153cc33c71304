using System.Text.Json;
using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class TuningTests() : TuningSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Add_TransmitQueue_IsSetAndGivenBack()
    {
        JsonObject config = Config("""{"txQLen": 77}""");
        (await CallAsync("ADD", config)).OrThrow();
        Assert.Contains("qlen 77", await LinkAsync(), StringComparison.Ordinal);
        (await CallAsync("CHECK", config)).OrThrow();

        (await CallAsync("DEL", config)).OrThrow();

        Assert.Contains("qlen 1000", await LinkAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_RefusedByTheKernel_LeavesNothing()
    {
        JsonObject config = Config("""{"mac": "01:00:5e:00:00:01", "sysctl": {"net.core.somaxconn": "77"}}""");

        Assert.Equal(1, (await CallAsync("ADD", config)).ExitCode);

        Assert.Equal("4096\n", await Host.RunInPodAsync("p1", "cat /proc/sys/net/core/somaxconn"));
        Assert.Equal("", await BackupsAsync());
    }

    [Fact]
    public async Task Add_InterfaceWithADot_IsWrittenWithSlashes()
    {
        await Host.RunInPodAsync("p1", "ip link set eth0 name eth0.7");
        JsonObject config = Config("""{"sysctl": {"net/ipv4/conf/eth0.7/arp_filter": "1", "net.ipv4.conf.IFNAME.arp_notify": "1"}}""");

        (await Host.CallAsync("ADD", config, Pod with { InterfaceName = "eth0.7" })).OrThrow();

        Assert.Equal(
            "1\n1\n",
            await Host.RunInPodAsync("p1", "cat /proc/sys/net/ipv4/conf/eth0.7/arp_filter /proc/sys/net/ipv4/conf/eth0.7/arp_notify"));
    }

    [Theory]
    [InlineData("""{"sysctl": {"kernel.hostname": "x"}}""", 7, "invalid net sysctl key: \"kernel.hostname\"")]
    [InlineData("""{"sysctl": {"net/../kernel/hostname": "x"}}""", 7, "invalid net sysctl key")]
    [InlineData("""{"sysctl": {"net.ipv4": 1}}""", 6, "$.sysctl")]
    [InlineData("""{"mac": "x"}""", 6, "$.mac")]
    [InlineData("""{"mtu": -1}""", 6, "$.mtu")]
    public async Task Add_BadField_IsRefusedWithItsName(string own, int code, string message)
    {
        CniOutcome refused = await CallAsync("ADD", Config(own));

        Assert.Equal((1, code), (refused.ExitCode, refused.Code));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Equal("", await BackupsAsync());
    }

    [Fact]
    public async Task Gc_AttachmentsThatAreGone_LoseTheirBackups()
    {
        JsonObject config = Config("""{"mtu": 1300}""");
        config["cniVersion"] = "1.1.0";
        (await CallAsync("ADD", config)).OrThrow();
        config["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "c-p1", ["ifname"] = "eth0" });
        (await CallAsync("GC", config)).OrThrow();
        Assert.Equal("c-p1_eth0.json\n", await BackupsAsync());

        config["cni.dev/valid-attachments"] = new JsonArray();
        (await CallAsync("GC", config)).OrThrow();

        Assert.Equal("", await BackupsAsync());
    }

    [Fact]
    public async Task Del_BackupOfTheReferencePlugin_IsReadToo()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/tuning"), "Needs the package containernetworking-plugins.");
        JsonObject config = Config("""{"mtu": 1300, "promisc": true}""");
        await Host.RunAsync($"mv {Host.PluginDirectory}/tuning {Host.PluginDirectory}/ours && cp /usr/lib/cni/tuning {Host.PluginDirectory}/");
        (await CallAsync("ADD", config)).OrThrow();
        await Host.RunAsync($"mv {Host.PluginDirectory}/ours {Host.PluginDirectory}/tuning");

        (await CallAsync("DEL", config)).OrThrow();

        Assert.Contains("mtu 1500", await LinkAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("PROMISC", await LinkAsync(), StringComparison.Ordinal);
        Assert.Equal("", await BackupsAsync());
    }

    [Fact]
    public async Task Add_SettingThatTheAdministratorDoesNotAllow_IsRefused()
    {
        await AllowAsync(@"^net\.ipv4\.conf\.IFNAME\.arp_[a-z]*$");
        (await CallAsync("ADD", Config("""{"sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}}"""))).OrThrow();

        CniOutcome refused = await CallAsync("ADD", Config("""{"sysctl": {"net.core.somaxconn": "500"}}"""));

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Sysctl net.core.somaxconn is not allowed", refused.Message, StringComparison.Ordinal);
        Assert.Equal("4096\n", await Host.RunInPodAsync("p1", "cat /proc/sys/net/core/somaxconn"));
    }

    /// <summary>Over the machine's own file, in the sandbox's mount namespace alone.</summary>
    private Task<string> AllowAsync(string expression) => Host.RunAsync($"""
        set -e
        mkdir {Host.Root}/over
        mount -t tmpfs none {Host.Root}/over
        mkdir {Host.Root}/over/upper {Host.Root}/over/work
        mount -t overlay none /etc -o lowerdir=/etc,upperdir={Host.Root}/over/upper,workdir={Host.Root}/over/work
        mkdir -p /etc/cni/tuning
        printf '%s\n' '{expression}' > /etc/cni/tuning/allowlist.conf
        """);
}

public sealed class ReferenceTuningTests() : TuningSuite(CniImplementation.Reference);

/// <summary>What a tuning plugin does to an interface that another plugin made, whoever wrote it.</summary>
[Trait("Category", "Conformance")]
public abstract class TuningSuite(CniImplementation implementation) : IAsyncLifetime
{
    private const string FirstMac = "02:00:00:00:00:01";
    private const string OtherMac = "02:11:22:33:44:55";

    private protected CniHost Host { get; private set; } = null!;

    private protected static CniAttachment Pod { get; } = new("c-p1", "/run/netns/p1");

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "tuning");
        await Host.AddPodAsync("p1");
        await Host.RunAsync($"ip link add v1 type veth peer name eth0 address {FirstMac} netns p1 && ip -n p1 link set eth0 up");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Fact]
    public async Task Add_Everything_IsSoUntilDel()
    {
        JsonObject config = Config($$$"""
            {"mac": "{{{OtherMac}}}", "mtu": 1300, "promisc": true, "allmulti": true,
             "sysctl": {"net.core.somaxconn": "500", "net.ipv4.conf.IFNAME.arp_filter": "1"}}
            """);

        JsonElement result = (await CallAsync("ADD", config)).OrThrow().Document;

        Assert.Equal(OtherMac, result.GetProperty("interfaces")[1].GetProperty("mac").GetString());
        Assert.Equal("10.1.2.2/24", result.GetProperty("ips")[0].GetProperty("address").GetString());
        string link = await LinkAsync();
        Assert.Contains(OtherMac, link, StringComparison.Ordinal);
        Assert.Contains("mtu 1300", link, StringComparison.Ordinal);
        Assert.Contains("PROMISC", link, StringComparison.Ordinal);
        Assert.Contains("ALLMULTI", link, StringComparison.Ordinal);
        Assert.Equal(
            "500\n1\n", await Host.RunInPodAsync("p1", "cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/conf/eth0/arp_filter"));
        Assert.Equal("c-p1_eth0.json\n", await BackupsAsync());

        (await CallAsync("DEL", config)).OrThrow();

        link = await LinkAsync();
        Assert.Contains(FirstMac, link, StringComparison.Ordinal);
        Assert.Contains("mtu 1500", link, StringComparison.Ordinal);
        Assert.DoesNotContain("PROMISC", link, StringComparison.Ordinal);
        Assert.DoesNotContain("ALLMULTI", link, StringComparison.Ordinal);
        Assert.Equal("", await BackupsAsync());
    }

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_NothingToTune_PassesTheResultOn(string version)
    {
        JsonObject config = Config("{}", version);

        CniOutcome outcome = (await CallAsync("ADD", config)).OrThrow();

        Assert.Equal(version, outcome.Document.GetProperty("cniVersion").GetString());
        Assert.Equal(["10.1.2.2/24"], outcome.Addresses);
        Assert.Equal(FirstMac, outcome.Document.GetProperty("interfaces")[1].GetProperty("mac").GetString());
    }

    [Theory]
    [InlineData("runtime")]
    [InlineData("args")]
    [InlineData("environment")]
    public async Task Add_MacAskedFor_IsTheContainers(string way)
    {
        JsonObject config = Config("{}");
        CniAttachment attachment = Pod;

        switch (way)
        {
            case "runtime":
                config["runtimeConfig"] = new JsonObject { ["mac"] = OtherMac };
                break;
            case "args":
                config["args"] = new JsonObject { ["cni"] = new JsonObject { ["mac"] = OtherMac } };
                break;
            default:
                attachment = attachment with { Arguments = $"IgnoreUnknown=1;MAC={OtherMac}" };
                break;
        }

        (await Host.CallAsync("ADD", config, attachment)).OrThrow();

        Assert.Contains(OtherMac, await LinkAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_SettingOfTheMachine_IsRefused()
    {
        CniOutcome refused = await CallAsync("ADD", Config("""{"sysctl": {"kernel.shmmax": "1"}}"""));

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("invalid net sysctl key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WithoutAResult_IsRefused()
    {
        JsonObject config = Config("{}");
        config.Remove("prevResult");

        Assert.Equal(1, (await CallAsync("ADD", config)).ExitCode);
    }

    [Fact]
    public async Task Del_TwiceAndWithoutANamespace_LeavesNothing()
    {
        JsonObject config = Config("""{"mtu": 1300}""");
        (await CallAsync("ADD", config)).OrThrow();
        (await CallAsync("DEL", config)).OrThrow();
        (await CallAsync("DEL", config)).OrThrow();
        await Host.RunAsync("ip netns delete p1");

        (await Host.CallAsync("DEL", config, Pod with { NetworkNamespace = "" })).OrThrow();

        Assert.Equal("", await BackupsAsync());
    }

    [Theory]
    [InlineData("ip link set eth0 mtu 1400")]
    [InlineData("ip link set eth0 address 02:11:22:33:44:56")]
    [InlineData("ip link set eth0 promisc off")]
    [InlineData("ip link set eth0 allmulticast off")]
    [InlineData("sh -c 'echo 501 > /proc/sys/net/core/somaxconn'")]
    public async Task Check_SomethingWasChanged_IsNoticed(string damage)
    {
        JsonObject config = Config($$$"""
            {"mac": "{{{OtherMac}}}", "mtu": 1300, "promisc": true, "allmulti": true, "sysctl": {"net.core.somaxconn": "500"}}
            """);
        JsonObject check = config.DeepClone().AsObject();
        check["prevResult"] = JsonNode.Parse((await CallAsync("ADD", config)).OrThrow().Output);
        (await CallAsync("CHECK", check)).OrThrow();

        await Host.RunInPodAsync("p1", damage);

        Assert.Equal(1, (await CallAsync("CHECK", check)).ExitCode);
    }

    private protected JsonObject Config(string own, string version = "1.0.0")
    {
        JsonObject config = JsonNode.Parse(own)!.AsObject();
        config["cniVersion"] = version;
        config["name"] = "net";
        config["type"] = "tuning";
        config["dataDir"] = Host.DataDirectory;
        config["prevResult"] = ChainedResult.Create(version, "v1", FirstMac, Pod);
        return config;
    }

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config) => Host.CallAsync(verb, config, Pod);

    private protected Task<string> LinkAsync() => Host.RunInPodAsync("p1", "ip link show eth0");

    private protected Task<string> BackupsAsync() => Host.RunAsync($"ls {Host.DataDirectory} 2>/dev/null || :");
}
