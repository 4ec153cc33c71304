using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

public sealed class ReferencePortMapTests() : PortMapSuite(CniImplementation.Reference);

/// <summary>What a portmap plugin does, whoever wrote it: shown by traffic.</summary>
[Trait("Category", "Conformance")]
public abstract class PortMapSuite(CniImplementation implementation) : IAsyncLifetime
{
    private protected const int HostPort = 18080;

    private protected PortMapHost Host { get; private set; } = null!;

    private protected CniAttachment Pod { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await PortMapHost.CreateAsync(implementation, "portmap");
        Pod = await Host.AddPodAsync("p1", 11);
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
        {
            await Host.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_AnyVersion_PassesTheResultOn(string version)
    {
        CniOutcome outcome = await AddAsync(Config(11, version, Mapping()));

        Assert.Equal(version, outcome.Document.GetProperty("cniVersion").GetString());
        Assert.Equal(["10.88.0.11/24", "fd88::11/64"], outcome.Addresses);
        Assert.Equal(2, outcome.Document.GetProperty("interfaces").GetArrayLength());
    }

    [Fact]
    public async Task Add_TcpPort_LeadsToThePodFromEverywhere()
    {
        await AddAsync(Config(11, Mapping()));

        // From outside with the source as it was.
        Assert.Equal($"p1 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.OutsideV6}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV6, HostPort));
        // From the host, also to its loopback address.
        Assert.StartsWith("p1 ", await Host.AskTcpAsync(null, PortMapHost.HostV4, HostPort), StringComparison.Ordinal);
        Assert.StartsWith("p1 ", await Host.AskTcpAsync(null, PortMapHost.HostV6, HostPort), StringComparison.Ordinal);
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(null, "127.0.0.1", HostPort));
        // From the pod itself: it must not see its own address as source.
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync("p1", PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV6}", await Host.AskTcpAsync("p1", PortMapHost.HostV6, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync("p1", PortMapHost.BridgeV4, HostPort));
    }

    [Fact]
    public async Task Add_Neighbour_ReachesThePodThroughTheHost()
    {
        await Host.AddPodAsync("p2", 12);
        await AddAsync(Config(11, Mapping()));

        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync("p2", PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV6}", await Host.AskTcpAsync("p2", PortMapHost.HostV6, HostPort));
    }

    [Fact]
    public async Task Add_UdpPort_LeadsToThePod()
    {
        await AddAsync(Config(11, Mapping(HostPort, PortMapHost.UdpPort, "udp")));

        Assert.Equal($"p1 {PortMapHost.OutsideV4}", await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.OutsideV6}", await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV6, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskUdpAsync(null, "127.0.0.1", HostPort));
        Assert.Equal("nobody", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
    }

    [Fact]
    public async Task Add_UdpWithPacketsBefore_TheNextOneReachesThePod()
    {
        // The rules of another mapping make the kernel track, and so remember, what comes before.
        await Host.AddPodAsync("p2", 12);
        await AddAsync(Config(12, Mapping(HostPort + 1)), new CniAttachment("container-p2", "/run/netns/p2"));
        Assert.Equal("nobody", await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort, sourcePort: 4000));

        await AddAsync(Config(11, Mapping(HostPort, PortMapHost.UdpPort, "udp")));

        Assert.Equal(
            $"p1 {PortMapHost.OutsideV4}",
            await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort, sourcePort: 4000));
    }

    [Fact]
    public async Task Add_UdpPortOfAPodThatIsGone_TheSameSocketReachesTheNext()
    {
        JsonObject first = Config(11, Mapping(HostPort, PortMapHost.UdpPort, "udp"));
        await AddAsync(first);
        Assert.Equal(
            $"p1 {PortMapHost.OutsideV4}",
            await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort, sourcePort: 4001));
        CniAttachment other = await Host.AddPodAsync("p2", 12);

        (await Host.Host.CallAsync("DEL", first, Pod)).OrThrow();
        await AddAsync(Config(12, Mapping(HostPort, PortMapHost.UdpPort, "udp")), other);

        Assert.Equal(
            $"p2 {PortMapHost.OutsideV4}",
            await Host.AskUdpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort, sourcePort: 4001));
    }

    [Fact]
    public async Task Add_HostIp_IsThatAddressAlone()
    {
        await AddAsync(Config(11, Mapping(hostIp: PortMapHost.HostV4), Mapping(HostPort + 1, hostIp: PortMapHost.HostV6)));

        Assert.Equal($"p1 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal("nobody", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV6, HostPort));
        Assert.Equal("nobody", await Host.AskTcpAsync("p1", PortMapHost.BridgeV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync("p1", PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.OutsideV6}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV6, HostPort + 1));
        Assert.Equal("nobody", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort + 1));
    }

    [Fact]
    public async Task Add_WithoutSnat_LoopbackStaysTheHosts()
    {
        JsonObject config = Config(11, Mapping());
        config["snat"] = false;

        await AddAsync(config);

        Assert.Equal($"p1 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal("nobody", await Host.AskTcpAsync(null, "127.0.0.1", HostPort));
    }

    [Fact]
    public async Task Add_PacketsThatPassThrough_AreLeftAlone()
    {
        await Host.Host.RunAsync($"ip -n {PortMapHost.Outside} route add 10.88.0.0/24 via {PortMapHost.HostV4}");
        await Host.ServeAsync(PortMapHost.Outside);
        await Host.AddPodAsync("p2", 12);

        await AddAsync(Config(11, Mapping(PortMapHost.TcpPort)));

        Assert.Equal("outside 10.88.0.12", await Host.AskTcpAsync("p2", PortMapHost.OutsideV4, PortMapHost.TcpPort));
        Assert.Equal($"p2 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, "10.88.0.12", PortMapHost.TcpPort));
    }

    [Fact]
    public async Task Del_Twice_TheHostAnswersAgain()
    {
        JsonObject config = Config(11, Mapping());
        await AddAsync(config);

        (await Host.Host.CallAsync("DEL", config, Pod)).OrThrow();
        (await Host.Host.CallAsync("DEL", config, Pod)).OrThrow();

        Assert.Equal("nobody", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.DoesNotContain("10.88.0.11", await RuleSetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Del_WithoutResultAndNamespace_RemovesEverything()
    {
        JsonObject config = Config(11, Mapping(), Mapping(HostPort + 1, PortMapHost.UdpPort, "udp"));
        await AddAsync(config);
        config.Remove("prevResult");

        (await Host.Host.CallAsync("DEL", config, Pod with { NetworkNamespace = "" })).OrThrow();

        Assert.DoesNotContain("10.88.0.11", await RuleSetAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("fd88::11", await RuleSetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Del_OneOfTwo_TheOtherKeepsItsPort()
    {
        CniAttachment other = await Host.AddPodAsync("p2", 12);
        JsonObject config = Config(11, Mapping());
        await AddAsync(config);
        await AddAsync(Config(12, Mapping(HostPort + 1)), other);

        (await Host.Host.CallAsync("DEL", config, Pod)).OrThrow();

        Assert.Equal("nobody", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal($"p2 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort + 1));
        Assert.Equal($"p2 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(null, "127.0.0.1", HostPort + 1));
    }

    [Fact]
    public async Task Check_RulesThenNone_TellsTheDifference()
    {
        Assert.SkipWhen(
            implementation == CniImplementation.Reference,
            "CHECK of the reference 1.1.1 looks for IPv6 rules whether or not the container has IPv6.");
        JsonObject config = Config(11, Mapping(hostIp: PortMapHost.HostV4));
        config["prevResult"]!["ips"]!.AsArray().RemoveAt(1);
        await AddAsync(config);

        (await Host.Host.CallAsync("CHECK", config, Pod)).OrThrow();
        await Host.Host.RunAsync("nft flush ruleset");
        Assert.Equal(1, (await Host.Host.CallAsync("CHECK", config, Pod)).ExitCode);
    }

    [Fact]
    public async Task Add_WithoutAResult_IsRefused()
    {
        JsonObject config = Config(11, Mapping());
        config.Remove("prevResult");

        Assert.Equal(1, (await Host.Host.CallAsync("ADD", config, Pod)).ExitCode);
    }

    private protected static JsonObject Config(int number, params JsonObject[] mappings) => Config(number, "1.0.0", mappings);

    private protected static JsonObject Config(int number, string version, params JsonObject[] mappings) => new()
    {
        ["cniVersion"] = version,
        ["name"] = "net1",
        ["type"] = "portmap",
        ["capabilities"] = new JsonObject { ["portMappings"] = true },
        ["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray([.. mappings]) },
        ["prevResult"] = PortMapHost.PreviousResult(
            new CniAttachment("", $"/run/netns/p{number - 10}"), number, version),
    };

    private protected static JsonObject Mapping(
        int hostPort = HostPort, int containerPort = PortMapHost.TcpPort, string protocol = "tcp", string? hostIp = null)
    {
        JsonObject mapping = new()
        {
            ["hostPort"] = hostPort,
            ["containerPort"] = containerPort,
            ["protocol"] = protocol,
        };

        if (hostIp is not null)
        {
            mapping["hostIP"] = hostIp;
        }

        return mapping;
    }

    private protected async Task<CniOutcome> AddAsync(JsonObject config, CniAttachment? pod = null) =>
        (await Host.Host.CallAsync("ADD", config, pod ?? Pod)).OrThrow();

    private protected Task<string> RuleSetAsync() => Host.Host.RunAsync("nft list ruleset");
}
