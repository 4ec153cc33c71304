using System.Text.Json.Nodes;

namespace Noded.Conformance.Tests.Cni;

/// <summary>The suite on our plugin, and what the reference does not claim or does otherwise.</summary>
public sealed class PortMapTests() : PortMapSuite(CniImplementation.Noded)
{
    private const int Taken = 105;

    [Theory]
    [InlineData(null)]
    [InlineData(PortMapHost.HostV4)]
    [InlineData(PortMapHost.HostV6)]
    public async Task Add_PortOfAnother_IsRefusedAndNothingIsLeft(string? hostIp)
    {
        CniAttachment other = await Host.AddPodAsync("p2", 12);
        await AddAsync(Config(12, Mapping(hostIp: hostIp)), other);
        string before = await RuleSetAsync();

        CniOutcome outcome = await Host.Host.CallAsync(
            "ADD", Config(11, Mapping(HostPort + 1), Mapping(hostIp: hostIp)), Pod);

        Assert.Equal(Taken, outcome.Code);
        Assert.Contains($"port {HostPort}/tcp is taken", outcome.Message, StringComparison.Ordinal);
        Assert.Contains(
            "net1 container-p2 eth0", outcome.Document.GetProperty("details").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, await RuleSetAsync());
    }

    [Fact]
    public async Task Add_MasqAll_NobodySeesTheSource()
    {
        JsonObject config = Config(11, Mapping());
        config["masqAll"] = true;

        await AddAsync(config);

        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV6}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV6, HostPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(null, "127.0.0.1", HostPort));
    }

    [Fact]
    public async Task Add_NoHostPort_IsNoMapping()
    {
        await AddAsync(Config(11, Mapping(hostPort: 0)));
        await AddAsync(Config(11));

        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Add_AgainWithOtherPorts_TheNewOnesAlone()
    {
        await AddAsync(Config(11, Mapping()));
        await AddAsync(Config(11, Mapping()));
        await AddAsync(Config(11, Mapping(), Mapping(HostPort + 1)));
        await AddAsync(Config(11, Mapping(HostPort + 1)));

        Assert.Equal($"p1 {PortMapHost.OutsideV4}", await Host.AskTcpAsync(PortMapHost.Outside, PortMapHost.HostV4, HostPort + 1));
        await Host.Host.CallAsync("DEL", Config(11), Pod);
        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Add_Sctp_IsAnElementLikeTheOthers()
    {
        await AddAsync(Config(11, Mapping(protocol: "sctp"), Mapping(protocol: "SCTP"), Mapping(protocol: "TCP")));

        string rules = await RuleSetAsync();
        Assert.Contains($"sctp . {HostPort} comment \"net1 container-p1 eth0\" : 10.88.0.11 . 8080", rules, StringComparison.Ordinal);
        Assert.Contains($"tcp . {HostPort} comment \"net1 container-p1 eth0\" : 10.88.0.11 . 8080", rules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("conditionsV4", """["!", "-d", "192.0.2.0/24"]""", "conditionsV4 = [")]
    [InlineData("conditionsV6", """["!", "-d", "2001:db8::/32"]""", "conditionsV6 = [")]
    [InlineData("externalSetMarkChain", "\"KUBE-MARK-MASQ\"", "externalSetMarkChain = \"KUBE-MARK-MASQ\"")]
    public async Task Add_WhatWeCannotHonour_IsRefusedByName(string key, string value, string expected)
    {
        JsonObject config = Config(11, Mapping());
        config[key] = JsonNode.Parse(value);

        CniOutcome outcome = await Host.Host.CallAsync("ADD", config, Pod);

        Assert.Equal(2, outcome.Code);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Add_WhatConcernsIptablesAlone_IsPassedOver()
    {
        JsonObject config = Config(11, Mapping());
        config["markMasqBit"] = 5;
        config["backend"] = "iptables";
        config["conditionsV4"] = new JsonArray();

        await AddAsync(config);

        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(null, "127.0.0.1", HostPort));
    }

    [Theory]
    [InlineData("""{"hostPort": 70000, "containerPort": 80, "protocol": "tcp"}""", 7)]
    [InlineData("""{"hostPort": -1, "containerPort": 80, "protocol": "tcp"}""", 7)]
    [InlineData("""{"hostPort": 80, "containerPort": 0, "protocol": "tcp"}""", 7)]
    [InlineData("""{"hostPort": 80, "containerPort": 80, "protocol": "icmp"}""", 7)]
    [InlineData("""{"hostPort": 80, "containerPort": 80}""", 7)]
    [InlineData("""{"hostPort": 80, "containerPort": 80, "protocol": "tcp", "hostIP": "x"}""", 7)]
    [InlineData("""{"hostPort": "80", "containerPort": 80, "protocol": "tcp"}""", 6)]
    [InlineData("""[1]""", 6)]
    public async Task Add_BadMapping_IsRefused(string mapping, int code)
    {
        JsonObject config = Config(11);
        config["runtimeConfig"]!["portMappings"] = new JsonArray(JsonNode.Parse(mapping));

        Assert.Equal(code, (await Host.Host.CallAsync("ADD", config, Pod)).Code);
        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Add_OnePortToTwo_IsRefused() => Assert.Equal(
        7, (await Host.Host.CallAsync("ADD", Config(11, Mapping(), Mapping(containerPort: 81)), Pod)).Code);

    [Fact]
    public async Task Add_PodThatAsksTheHostsLoopback_GetsNoAnswer()
    {
        await Host.ServeAsync(null);
        await Host.Host.RunInPodAsync("p1", $"""
            sh -ec '
            echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
            ip route add 127.0.0.9/32 via {PortMapHost.BridgeV4}
            ip rule add pref 1 lookup local
            ip rule add pref 0 to 127.0.0.9 lookup main
            ip rule delete pref 0 lookup local'
            """);
        await Host.Host.RunAsync("echo 1 > /proc/sys/net/ipv4/conf/br0/route_localnet");
        string before = await Host.AskTcpAsync("p1", "127.0.0.9", PortMapHost.TcpPort);

        await AddAsync(Config(11, Mapping()));

        Assert.Equal("host 10.88.0.11", before);
        Assert.Equal("nobody", await Host.AskTcpAsync("p1", "127.0.0.9", PortMapHost.TcpPort));
        Assert.Equal($"p1 {PortMapHost.BridgeV4}", await Host.AskTcpAsync(null, "127.0.0.1", HostPort));
    }

    [Fact]
    public async Task Del_WithoutPorts_FindsThemByTheirComments()
    {
        JsonObject config = Config(11, Mapping(), Mapping(HostPort + 1, PortMapHost.UdpPort, "udp"));
        await AddAsync(config);
        config.Remove("prevResult");
        config.Remove("runtimeConfig");

        (await Host.Host.CallAsync("DEL", config, Pod with { NetworkNamespace = "" })).OrThrow();

        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Gc_OneIsValid_TheOthersGo()
    {
        CniAttachment other = await Host.AddPodAsync("p2", 12);
        await AddAsync(Config(11, Mapping()));
        await AddAsync(Config(12, Mapping(HostPort + 1)), other);
        JsonObject foreign = Config(11, Mapping(HostPort + 2));
        foreign["name"] = "net2";
        await AddAsync(foreign);

        JsonObject gc = Config(11, "1.1.0");
        gc["cni.dev/valid-attachments"] =
            new JsonArray(new JsonObject { ["containerID"] = other.ContainerId, ["ifname"] = "eth0" });
        (await Host.Host.CallAsync("GC", gc, Pod)).OrThrow();

        string rules = await RuleSetAsync();
        Assert.DoesNotContain("net1 container-p1", rules, StringComparison.Ordinal);
        Assert.Contains("net1 container-p2", rules, StringComparison.Ordinal);
        Assert.Contains("net2 container-p1", rules, StringComparison.Ordinal);

        gc["cni.dev/valid-attachments"] = new JsonArray();
        (await Host.Host.CallAsync("GC", gc, Pod)).OrThrow();
        gc["name"] = "net2";
        (await Host.Host.CallAsync("GC", gc, Pod)).OrThrow();
        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Status_Always_IsReady() =>
        (await Host.Host.CallAsync("STATUS", Config(11, "1.1.0"), Pod)).OrThrow();

    [Fact]
    public async Task Check_ForeignElementOrRule_IsAFault()
    {
        JsonObject config = Config(11, Mapping());
        await AddAsync(config);

        await Host.Host.RunAsync("nft add rule inet noded-hostports output counter");

        Assert.Equal(104, (await Host.Host.CallAsync("CHECK", config, Pod)).Code);
    }

    [Fact]
    public async Task AddAndDel_ManyAtOnce_LeaveNothing()
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 60),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken },
            async (i, _) =>
            {
                CniAttachment pod = Pod with { ContainerId = $"c{i}" };
                JsonObject config = Config(11, Mapping(20000 + i), Mapping(20000 + i, PortMapHost.UdpPort, "udp"));
                (await Host.Host.CallAsync("ADD", config, pod)).OrThrow();
                (await Host.Host.CallAsync("CHECK", config, pod)).OrThrow();
                (await Host.Host.CallAsync("DEL", config, pod)).OrThrow();
            });

        Assert.Equal("", await RuleSetAsync());
    }

    [Fact]
    public async Task Add_TwentyForOnePort_OneGetsIt()
    {
        CniOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => Host.Host.CallAsync("ADD", Config(11, Mapping()), Pod with { ContainerId = $"c{i}" })));

        Assert.Single(outcomes, outcome => outcome.ExitCode == 0);
        Assert.All(outcomes.Where(outcome => outcome.ExitCode != 0), outcome => Assert.Equal(Taken, outcome.Code));
    }
}
