using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class HostLocalTests() : HostLocalSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Gc_LeasesOfWhomIsGone_AreFreed()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await AddAsync(config, "c1");
        await AddAsync(config, "c2");
        JsonObject gc = config.DeepClone().AsObject();
        gc["cniVersion"] = "1.1.0";
        gc["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "c2", ["ifname"] = "eth0" });

        (await CallAsync("GC", gc, "c1")).OrThrow();

        Assert.Equal(["10.1.2.3"], await LeasesAsync());
    }

    [Fact]
    public async Task Add_FileOfAKilledPlugin_IsNobodysLease()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await Host.RunAsync($"mkdir -p {Host.DataDirectory}/net && : > {Host.DataDirectory}/net/10.1.2.2");

        Assert.Equal(["10.1.2.2/24"], (await AddAsync(config, "c1")).Addresses);
        Assert.Equal("c1\r\neth0", await Host.RunAsync($"cat {Host.DataDirectory}/net/10.1.2.2"));
    }

    [Theory]
    [InlineData("""{"subnet": "10.1.2.0/31"}""", 7, "too small")]
    [InlineData("""{"subnet": "10.1.2.1/24"}""", 7, "host bits")]
    [InlineData("""{"subnet": "10.1.2.0"}""", 6, "$.ipam.subnet")]
    [InlineData("""{"subnet": "10.1.2.0/24", "rangeStart": "10.1.3.1"}""", 7, "rangeStart 10.1.3.1 not in network")]
    [InlineData("""{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.8"}""", 7, "behind rangeEnd")]
    [InlineData("""{"subnet": "10.1.2.0/24", "gateway": "x"}""", 6, "$.ipam.gateway")]
    [InlineData("""{"ranges": [[{"subnet": "10.1.2.0/24"}, {"subnet": "fd00::/64"}]]}""", 7, "mixed address families")]
    [InlineData("""{"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "10.1.0.0/16"}]]}""", 7, "overlaps")]
    [InlineData("""{"ranges": [[]]}""", 7, "empty range set")]
    [InlineData("""{"ranges": [[{}]]}""", 7, "missing field")]
    [InlineData("""{"ranges": []}""", 7, "no IP ranges specified")]
    [InlineData("""{}""", 7, "no IP ranges specified")]
    public async Task Add_BadRanges_AreRefusedWithTheField(string ipam, int code, string message)
    {
        CniOutcome outcome = await CallAsync("ADD", Config(ipam), "c1");

        Assert.Equal((1, code), (outcome.ExitCode, outcome.Code));
        Assert.Contains(message, outcome.Message, StringComparison.Ordinal);
        Assert.Empty(await LeasesAsync());
    }
}

public sealed class ReferenceHostLocalTests() : HostLocalSuite(CniImplementation.Reference);

/// <summary>What a host-local plugin does, whoever wrote it; its files are part of the contract.</summary>
[Trait("Category", "Conformance")]
public abstract class HostLocalSuite(CniImplementation implementation) : IAsyncLifetime
{
    private protected CniHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await CniHost.CreateAsync(implementation, "host-local");
        await Host.AddPodAsync("p1");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Fact]
    public async Task Add_Subnet_GivesItsAddressesInTurn()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.1.2.9"}]}""");

        CniOutcome first = await AddAsync(config, "c1");
        CniOutcome second = await AddAsync(config, "c2");

        Assert.Equal(["10.1.2.2/24"], first.Addresses);
        Assert.Equal("10.1.2.1", first.Document.GetProperty("ips")[0].GetProperty("gateway").GetString());
        Assert.Equal("10.9.0.0/16", first.Document.GetProperty("routes")[1].GetProperty("dst").GetString());
        Assert.Equal("10.1.2.9", first.Document.GetProperty("routes")[1].GetProperty("gw").GetString());
        Assert.Equal(["10.1.2.3/24"], second.Addresses);
        Assert.Equal("c1\r\neth0", await Host.RunAsync($"cat {Host.DataDirectory}/net/10.1.2.2"));
        Assert.Equal("10.1.2.3", await Host.RunAsync($"cat {Host.DataDirectory}/net/last_reserved_ip.0"));
    }

    [Fact]
    public async Task Add_AfterDel_RestsTheAddress()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/29"}""");
        await AddAsync(config, "c1");
        (await CallAsync("DEL", config, "c1")).OrThrow();

        Assert.Equal(["10.1.2.3/29"], (await AddAsync(config, "c2")).Addresses);
    }

    [Fact]
    public async Task Add_RangeIsUsedUp_IsRefusedUntilOneIsFree()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/29", "rangeStart": "10.1.2.3", "rangeEnd": "10.1.2.4"}""");
        Assert.Equal(["10.1.2.3/29"], (await AddAsync(config, "c1")).Addresses);
        Assert.Equal(["10.1.2.4/29"], (await AddAsync(config, "c2")).Addresses);

        CniOutcome third = await CallAsync("ADD", config, "c3");

        Assert.Equal(1, third.ExitCode);
        Assert.Contains("no IP addresses available in range set: 10.1.2.3-10.1.2.4", third.Message, StringComparison.Ordinal);
        (await CallAsync("DEL", config, "c1")).OrThrow();
        Assert.Equal(["10.1.2.3/29"], (await AddAsync(config, "c3")).Addresses);
        Assert.Equal(["10.1.2.3", "10.1.2.4"], await LeasesAsync());
    }

    [Fact]
    public async Task Add_TwoSets_GivesOneOfEach()
    {
        JsonObject config = Config("""
            {"ranges": [[{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.20", "gateway": "10.1.2.254"}],
                        [{"subnet": "fd00:1::/64"}]]}
            """);

        CniOutcome outcome = await AddAsync(config, "c1");

        Assert.Equal(["10.1.2.20/24", "fd00:1::2/64"], outcome.Addresses);
        Assert.Equal("10.1.2.254", outcome.Document.GetProperty("ips")[0].GetProperty("gateway").GetString());
        Assert.Equal("fd00:1::1", outcome.Document.GetProperty("ips")[1].GetProperty("gateway").GetString());
        Assert.Equal(["10.1.2.20", "fd00:1::2"], await LeasesAsync());
    }

    [Fact]
    public async Task Add_TwoRangesInASet_GoesOnInTheSecond()
    {
        JsonObject config = Config("""
            {"ranges": [[{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.5", "rangeEnd": "10.1.2.5"},
                         {"subnet": "10.1.3.0/24", "rangeStart": "10.1.3.7", "rangeEnd": "10.1.3.8"}]]}
            """);

        Assert.Equal(["10.1.2.5/24"], (await AddAsync(config, "c1")).Addresses);
        Assert.Equal(["10.1.3.7/24"], (await AddAsync(config, "c2")).Addresses);
        Assert.Equal(["10.1.3.8/24"], (await AddAsync(config, "c3")).Addresses);
        Assert.Equal(1, (await CallAsync("ADD", config, "c4")).ExitCode);
    }

    [Theory]
    [InlineData("args")]
    [InlineData("runtime")]
    [InlineData("environment")]
    public async Task Add_AddressAskedFor_IsGiven(string way)
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        string arguments = "";

        switch (way)
        {
            case "args":
                config["args"] = JsonNode.Parse("""{"cni": {"ips": ["10.1.2.88"]}}""");
                break;
            case "runtime":
                config["runtimeConfig"] = JsonNode.Parse("""{"ips": ["10.1.2.88/24"]}""");
                break;
            default:
                arguments = "IgnoreUnknown=1;IP=10.1.2.88";
                break;
        }

        CniOutcome outcome = await Host.CallAsync("ADD", config, Attachment("c1") with { Arguments = arguments });

        Assert.Equal(["10.1.2.88/24"], outcome.OrThrow().Addresses);
        Assert.Equal(1, (await Host.CallAsync("ADD", config, Attachment("c2") with { Arguments = arguments })).ExitCode);
    }

    [Theory]
    [InlineData("10.1.2.1")]
    [InlineData("10.1.3.7")]
    public async Task Add_AddressThatCannotBe_IsRefused(string address)
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["args"] = new JsonObject { ["cni"] = new JsonObject { ["ips"] = new JsonArray(address) } };

        Assert.Equal(1, (await CallAsync("ADD", config, "c1")).ExitCode);
        Assert.Empty(await LeasesAsync());
    }

    [Fact]
    public async Task Add_Twice_IsRefusedAndKeepsTheFirst()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await AddAsync(config, "c1");

        CniOutcome second = await CallAsync("ADD", config, "c1");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("duplicate allocation is not allowed", second.Message, StringComparison.Ordinal);
        Assert.Equal(["10.1.2.2"], await LeasesAsync());
    }

    [Fact]
    public async Task Add_RangesOfTheRuntime_ComeFirst()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        config["runtimeConfig"] = JsonNode.Parse("""{"ipRanges": [[{"subnet": "10.7.0.0/24"}]]}""");

        Assert.Equal(["10.7.0.2/24", "10.1.2.2/24"], (await AddAsync(config, "c1")).Addresses);
    }

    [Fact]
    public async Task Add_ResolvConf_IsHandedOn()
    {
        string path = $"{Host.DataDirectory}.resolv";
        await Host.RunAsync($"printf '# c\\nnameserver 10.0.0.2\\nsearch a.b c.d\\noptions ndots:5\\ndomain e.f\\n' > {path}");

        CniOutcome outcome = await AddAsync(Config($$"""{"subnet": "10.1.2.0/24", "resolvConf": "{{path}}"}"""), "c1");

        Assert.Equal(
            JsonNode.Parse("""{"nameservers": ["10.0.0.2"], "domain": "e.f", "search": ["a.b", "c.d"], "options": ["ndots:5"]}""")!.ToJsonString(),
            JsonNode.Parse(outcome.Document.GetProperty("dns").GetRawText())!.ToJsonString());
    }

    [Fact]
    public async Task Del_TwiceOrWithoutAnAdd_IsNoError()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        (await CallAsync("DEL", config, "c1")).OrThrow();
        await AddAsync(config, "c1");

        (await CallAsync("DEL", config, "c1")).OrThrow();
        (await CallAsync("DEL", config, "c1")).OrThrow();

        Assert.Empty(await LeasesAsync());
    }

    [Fact]
    public async Task Del_OneOfTwoInterfaces_KeepsTheOther()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        await AddAsync(config, "c1");
        (await Host.CallAsync("ADD", config, Attachment("c1") with { InterfaceName = "net1" })).OrThrow();

        (await CallAsync("DEL", config, "c1")).OrThrow();

        Assert.Equal(["10.1.2.3"], await LeasesAsync());
    }

    [Fact]
    public async Task Check_BeforeAndAfterDel_TellsTheDifference()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");
        CniOutcome added = await AddAsync(config, "c1");
        JsonObject check = config.DeepClone().AsObject();
        check["prevResult"] = JsonNode.Parse(added.Output);

        Assert.Equal(0, (await CallAsync("CHECK", check, "c1")).ExitCode);
        (await CallAsync("DEL", config, "c1")).OrThrow();
        Assert.Equal(1, (await CallAsync("CHECK", check, "c1")).ExitCode);
    }

    [Fact]
    public async Task Add_DataDirectoryCannotBeWritten_IsRefused()
    {
        await Host.RunAsync($"mkdir -p {Host.DataDirectory} && mount -t tmpfs -o ro tmpfs {Host.DataDirectory}");

        CniOutcome outcome = await CallAsync("ADD", Config("""{"subnet": "10.1.2.0/24"}"""), "c1");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(Host.DataDirectory, outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_ManyAtOnce_NeverShareAnAddress()
    {
        JsonObject config = Config("""{"subnet": "10.1.2.0/24"}""");

        CniOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => AddAsync(config, $"c{i}")));

        Assert.Equal(40, outcomes.Select(outcome => Assert.Single(outcome.Addresses)).Distinct().Count());
        Assert.Equal(40, (await LeasesAsync()).Length);
    }

    private protected JsonObject Config(string ipam)
    {
        JsonObject config = new() { ["cniVersion"] = "1.0.0", ["name"] = "net", ["type"] = "host-local" };
        JsonObject parsed = JsonNode.Parse(ipam)!.AsObject();
        parsed["type"] = "host-local";
        parsed["dataDir"] = Host.DataDirectory;
        config["ipam"] = parsed;
        return config;
    }

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config, string container) =>
        Host.CallAsync(verb, config, Attachment(container));

    private protected async Task<CniOutcome> AddAsync(JsonObject config, string container) =>
        (await CallAsync("ADD", config, container)).OrThrow();

    private protected async Task<string[]> LeasesAsync() =>
        (await Host.RunAsync($"cd {Host.DataDirectory}/net 2>/dev/null && ls | grep -v -e lock -e last_ || :"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static CniAttachment Attachment(string container) => new(container, "/run/netns/p1");
}
