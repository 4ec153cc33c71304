using System.Text;
using System.Text.Json;
using Noded.Testing;

namespace Noded.Cni.Plugins.Tests;

/// <summary>What each plugin reads before it does anything, with configurations that nobody would write.</summary>
public sealed class PluginConfigTests
{
    private const int Rounds = 3000;

    private const string PreviousResult = """
        "prevResult": {"cniVersion": "1.1.0", "interfaces": [{"name": "v1"}, {"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/x"}],
         "ips": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 1}], "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1"}],
         "dns": {"nameservers": ["10.0.0.1"]}}
        """;

    /// <summary>A configuration of every plugin that has all fields that it reads.</summary>
    public static TheoryData<string, string> Configurations => new()
    {
        { "bandwidth", $$$"""{"ingressRate": 8, "ingressBurst": 8, "egressRate": 8, "egressBurst": 8, {{{PreviousResult}}}, "runtimeConfig": {"bandwidth": {"ingressRate": 8, "ingressBurst": 8} } }""" },
        { "bridge", """{"bridge": "br1", "isGateway": true, "isDefaultGateway": false, "mtu": 1400, "mac": "02:00:00:00:00:01", "vlan": 0, "vlanTrunk": [], "macspoofchk": false, "runtimeConfig": {"mac": "02:00:00:00:00:01"}, "args": {"cni": {"mac": "02:00:00:00:00:01"}}, "ipam": {"type": "none"}}""" },
        { "host-local", """{"ipam": {"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.5", "rangeEnd": "10.1.2.9", "gateway": "10.1.2.1", "ranges": [[{"subnet": "fd00::/64"}]], "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1", "mtu": 1, "scope": 1}], "resolvConf": "/etc/resolv.conf", "dataDir": "/x"}, "runtimeConfig": {"ips": ["10.1.2.7"], "ipRanges": [[{"subnet": "10.7.0.0/24"}]]}, "args": {"cni": {"ips": ["10.1.2.8/24"]}}}""" },
        { "loopback", $$$"""{ {{{PreviousResult}}} }""" },
        { "macvlan", """{"master": "lo", "mode": "bridge", "mtu": 1400, "linkInContainer": true, "mac": "02:00:00:00:00:01", "ipam": {"type": "none"}}""" },
        { "pod-network", """{"delegate": {"type": "none", "bridge": "br1"}, "runtimeConfig": {"io.kubernetes.cri.pod-annotations": {"noded.dev/network": "x"}}}""" },
        { "portmap", $$$"""{"snat": true, "masqAll": true, "conditionsV4": [], "externalSetMarkChain": "", {{{PreviousResult}}}, "runtimeConfig": {"portMappings": [{"hostPort": 80, "containerPort": 80, "protocol": "tcp", "hostIP": "10.0.0.1"}]}}""" },
        { "ptp", """{"ipMasq": true, "mtu": 1400, "dns": {"nameservers": ["10.0.0.1"], "search": ["a"]}, "ipam": {"type": "none"}}""" },
        { "static", """{"ipam": {"addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}], "routes": [{"dst": "0.0.0.0/0"}], "dns": {"domain": "a", "options": ["b"]}}, "runtimeConfig": {"ips": ["10.1.2.7/24"]}, "args": {"cni": {"ips": ["10.1.2.8/24"]}}}""" },
        { "tuning", $$$"""{"dataDir": "/x", "sysctl": {"net.core.somaxconn": "1"}, "mac": "02:00:00:00:00:01", "promisc": true, "mtu": 1400, "allmulti": true, "txQLen": 7, {{{PreviousResult}}}, "args": {"cni": {"sysctl": {"net.core.somaxconn": "1"}, "mtu": 1} } }""" },
    };

    [Fact]
    public void Configurations_Plugins_AreAll() =>
        Assert.Equal(PluginTable.Names, Configurations.Select(row => row.Data.Item1));

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Status_MutatedConfiguration_IsAnsweredByACode(string plugin, string own)
    {
        JsonMutator mutator = new(20261125);
        string config = $$"""{"cniVersion": "1.1.0", "name": "net", "type": "{{plugin}}", {{own[1..]}}""";

        for (int round = 0; round < Rounds; round++)
        {
            byte[] document = mutator.Mutate(config);

            (int exitCode, string output) = Run(plugin, "STATUS", document);

            if (exitCode != 0)
            {
                using JsonDocument answer = JsonDocument.Parse(output);
                int code = answer.RootElement.GetProperty("code").GetInt32();
                Assert.True(code is > 0 and < (int)CniErrorCode.Internal, $"{plugin}, round {round}: {output}");
            }
        }
    }

    [Theory]
    [InlineData("""{"ipam": {"ranges": [null]}}""", "element of a list is null")]
    [InlineData("""{"ipam": {"dataDir": "a\u0000b"}}""", "a zero or half a character")]
    [InlineData("""{"other": {"\ud800": 1}}""", "a zero or half a character")]
    [InlineData("""{"prevResult": {"ips": [{}]}}""", "address")]
    public void Add_WhatNoPluginLooksAt_IsRefusedForAll(string own, string message)
    {
        string config = $$"""{"cniVersion": "1.1.0", "name": "net", "type": "portmap", {{own[1..]}}""";

        (int exitCode, string output) = Run("portmap", "ADD", Encoding.UTF8.GetBytes(config));

        Assert.Equal(1, exitCode);
        using JsonDocument answer = JsonDocument.Parse(output);
        Assert.Equal((int)CniErrorCode.DecodingFailure, answer.RootElement.GetProperty("code").GetInt32());
        Assert.Contains(message, answer.RootElement.GetProperty("msg").GetString(), StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output) Run(string plugin, string verb, byte[] document)
    {
        Dictionary<string, string> variables = new()
        {
            ["CNI_COMMAND"] = verb,
            ["CNI_CONTAINERID"] = "c1",
            ["CNI_NETNS"] = "/proc/self/ns/net",
            ["CNI_NETNS_OVERRIDE"] = "1",
            ["CNI_IFNAME"] = "eth0",
            ["CNI_PATH"] = "/none-such",
        };
        using MemoryStream output = new();
        int exitCode = new Skel(
            new CniEnvironment(name => variables.GetValueOrDefault(name)), new MemoryStream(document), output, Stream.Null)
            .Run(plugin, PluginTable.Find(plugin)!);
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()));
    }
}
