using System.Globalization;
using System.Text.Json;
using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>The published plugins with configurations and results that nobody would write.</summary>
[Trait("Category", "Conformance")]
public sealed class FuzzTests : IAsyncLifetime
{
    private const int Rounds = 25;
    private const int Internal = 999;

    private CniHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await CniHost.CreateAsync(
        CniImplementation.Noded,
        "bandwidth", "bridge", "host-local", "loopback", "macvlan", "portmap", "ptp", "static", "tuning");

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("bandwidth", "\"ingressRate\": 8000, \"ingressBurst\": 8000, \"egressRate\": 8000, \"egressBurst\": 8000")]
    [InlineData("bridge", "\"bridge\": \"br1\", \"isGateway\": true, \"ipMasq\": true, \"mtu\": 1400")]
    [InlineData("host-local", "\"x\": 1")]
    [InlineData("loopback", "\"x\": 1")]
    [InlineData("macvlan", "\"master\": \"up0\", \"mode\": \"bridge\", \"mtu\": 1400, \"mac\": \"02:00:00:00:00:07\"")]
    [InlineData("portmap", "\"runtimeConfig\": {\"portMappings\": [{\"hostPort\": 80, \"containerPort\": 80, \"protocol\": \"udp\", \"hostIP\": \"10.0.0.1\"}]}")]
    [InlineData("ptp", "\"ipMasq\": true, \"mtu\": 1400, \"dns\": {\"nameservers\": [\"10.0.0.1\"]}")]
    [InlineData("tuning", "\"sysctl\": {\"net.core.somaxconn\": \"1\"}, \"mtu\": 1400, \"mac\": \"02:00:00:00:00:07\"")]
    public async Task EveryVerb_MutatedConfiguration_IsAnswered(string plugin, string own)
    {
        JsonMutator mutator = new(20261125);
        string directory = Path.Combine(_host.Root, "fuzz");
        Directory.CreateDirectory(directory);
        bool isChained = plugin is "bandwidth" or "portmap" or "tuning" or "loopback";
        string config = $$"""
            {"cniVersion": "1.1.0", "name": "net", "type": "{{plugin}}", "dataDir": "{{_host.DataDirectory}}", {{own}},
             "ipam": {"type": "host-local", "dataDir": "{{_host.DataDirectory}}", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]},
             "prevResult": {{ChainedResult.Create("1.1.0", "v1", "02:00:00:00:00:01", new CniAttachment("c1", "/run/netns/p1")).ToJsonString()}},
             "cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]}
            """;

        for (int round = 0; round < Rounds; round++)
        {
            await File.WriteAllBytesAsync(
                Path.Combine(directory, round.ToString(CultureInfo.InvariantCulture)), mutator.Mutate(config), Token);
        }

        // One shell for all: a call is a few milliseconds, a way into the sandbox more.
        await _host.RunAsync($"""
            cd {directory}
            export CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/p1 CNI_IFNAME=eth0 CNI_PATH={_host.PluginDirectory}
            for i in $(seq 0 {Rounds - 1}); do
                ip netns add p1
                ip link add up0 type veth peer name up1
                {(isChained ? "ip link add v1 type veth peer name eth0 netns p1" : "")}
                for verb in ADD CHECK GC STATUS DEL; do
                    CNI_COMMAND=$verb {_host.PluginDirectory}/{plugin} < $i > $i.$verb
                    echo $? > $i.$verb.code
                done
                ip netns delete p1
                ip link delete up0 2> /dev/null
                ip link delete v1 2> /dev/null
            done
            :
            """);

        foreach (string answer in Directory.EnumerateFiles(directory, "*.code"))
        {
            string output = await File.ReadAllTextAsync(answer[..^".code".Length], Token);
            int exitCode = int.Parse(await File.ReadAllTextAsync(answer, Token), CultureInfo.InvariantCulture);
            Assert.InRange(exitCode, 0, 1);

            if (exitCode == 1)
            {
                int code = JsonDocument.Parse(output).RootElement.GetProperty("code").GetInt32();
                Assert.True(code is > 0 and < Internal, $"{Path.GetFileName(answer)} {output}");
            }
        }
    }
}
