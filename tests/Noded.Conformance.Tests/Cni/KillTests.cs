using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>
/// Plugins that are killed with SIGKILL before each of the system calls by which they change something, one container
/// after the other; then DEL takes half of them away and GC the other half.
/// </summary>
[Trait("Category", "Conformance")]
public sealed class KillTests : IAsyncLifetime
{
    // Requests to the kernel; files, settings and their removal.
    private static readonly string[] Calls = ["sendto", "write", "rename", "unlink"];

    private CniHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("strace", "tc");
        _host = await CniHost.CreateAsync(
            CniImplementation.Noded, "bridge", "ptp", "macvlan", "host-local", "portmap", "bandwidth", "tuning");
        await _host.RunAsync("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("""{"type": "bridge", "bridge": "br1", "isDefaultGateway": true, "ipMasq": true, "hairpinMode": true}""", 15)]
    [InlineData("""{"type": "ptp", "ipMasq": true}""", 15)]
    [InlineData("""{"type": "macvlan", "master": "up0"}""", 8)]
    [InlineData("""{"type": "portmap", "runtimeConfig": {"portMappings": [{"hostPort": 1, "containerPort": 80, "protocol": "udp"}]}}""", 2)]
    [InlineData("""{"type": "bandwidth", "ingressRate": 8000000, "ingressBurst": 80000, "egressRate": 8000000, "egressBurst": 80000}""", 6)]
    [InlineData("""{"type": "tuning", "mtu": 1300, "sysctl": {"net.core.somaxconn": "77"}}""", 3)]
    public async Task Add_KilledAtEveryStep_DelAndGcLeaveNothing(string own, int least)
    {
        // The first ADD and the last have a neighbour each: what containers share must be there, or go, with both.
        string before = await InventoryAsync();
        (await AddAsync(own, 0)).OrThrow();
        List<string> points = await StepsAsync(own, 1);
        Assert.True(points.Count >= least, $"only {points.Count} steps: {string.Join(' ', points)}");

        int killed = 0;
        for (int i = 0; i < points.Count; i++)
        {
            CniOutcome outcome = await AddAsync(own, i + 2, $"strace -f -qq -o /dev/null -e trace={Traced} -e inject={points[i]}");

            // The runtime makes such calls, too, not always as many: a plugin may come to its end before the last of them.
            Assert.True(outcome.ExitCode is 0 or 128 + 9, $"{points[i]}: {outcome.ExitCode} {outcome.Output} {outcome.Errors}");
            killed += outcome.ExitCode == 0 ? 0 : 1;
        }

        Assert.True(killed >= least, $"only {killed} of {points.Count} were killed: {string.Join(' ', points)}");

        int last = points.Count + 2;
        (await AddAsync(own, last)).OrThrow();
        await AssertDistinctAsync(last);

        // Odd ones die with their containers, the others are taken away as a runtime does after a failed ADD.
        for (int i = 0; i <= last; i++)
        {
            if (i % 2 == 0)
            {
                (await CallAsync("DEL", Config(own, i), i)).OrThrow();
            }

            await _host.RunAsync($"ip netns delete k{i}; ip link delete v{i} 2>/dev/null || :");
        }

        JsonObject gc = Config(own, 0);
        gc["cni.dev/valid-attachments"] = new JsonArray();
        (await CallAsync("GC", gc, 0)).OrThrow();

        Assert.Equal(before, await InventoryAsync());
    }

    private static string Traced => string.Join(',', Calls);

    /// <summary>What to hand to strace's <c>inject</c> to kill before each of the calls that an ADD makes.</summary>
    private async Task<List<string>> StepsAsync(string own, int number)
    {
        string log = Path.Combine(_host.Root, "calls");
        (await AddAsync(own, number, $"strace -f -qq -o {log} -e trace={Traced}")).OrThrow();

        // The kernel restarts a write to a setting, as often as need be, while somebody else holds the lock of links: that
        // is one call.
        string[] lines = [.. (await File.ReadAllLinesAsync(log, Token))
            .Where(line => !line.Contains("ERESTART", StringComparison.Ordinal))];
        return [.. Calls.SelectMany(call => Enumerable
            .Range(1, lines.Count(line => line.Contains($" {call}(", StringComparison.Ordinal)))
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{call}:signal=SIGKILL:when={i}")))];
    }

    private async Task<CniOutcome> AddAsync(string own, int number, string wrapper = "")
    {
        await _host.AddPodAsync($"k{number}");

        if (IsChained(own))
        {
            await _host.RunAsync($"ip link add v{number} type veth peer name eth0 netns k{number} && ip link set v{number} up");
        }

        return await CallAsync("ADD", Config(own, number), number, wrapper);
    }

    private Task<CniOutcome> CallAsync(string verb, JsonObject config, int number, string wrapper = "") => _host.CallAsync(
        verb, config["type"]!.GetValue<string>(), config.ToJsonString(), Attachment(number), wrapper);

    private static CniAttachment Attachment(int number) => new($"c{number}", $"/run/netns/k{number}");

    private static bool IsChained(string own) => JsonNode.Parse(own)!["type"]!.GetValue<string>() is "portmap" or "bandwidth" or "tuning";

    private JsonObject Config(string own, int number)
    {
        JsonObject config = JsonNode.Parse(own)!.AsObject();
        config["cniVersion"] = "1.1.0";
        config["name"] = "net";

        if (IsChained(own))
        {
            config["dataDir"] = _host.DataDirectory;
            config["prevResult"] = ChainedResult.Create("1.1.0", $"v{number}", "02:00:00:00:00:01", Attachment(number));

            if (config["runtimeConfig"]?["portMappings"]?[0] is JsonObject mapping)
            {
                mapping["hostPort"] = 20000 + number;
            }
        }
        else
        {
            config["ipam"] = JsonNode.Parse("""{"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]}""");
            config["ipam"]!["dataDir"] = _host.DataDirectory;
        }

        return config;
    }

    /// <summary>No two containers have one address, however far their ADDs came.</summary>
    private async Task AssertDistinctAsync(int last)
    {
        List<string> addresses = [];

        for (int i = 0; i <= last; i++)
        {
            JsonElement links = JsonDocument.Parse(await _host.RunAsync($"ip -n k{i} -j address show scope global")).RootElement;
            addresses.AddRange(links.EnumerateArray()
                .Where(link => link.TryGetProperty("addr_info", out _))
                .SelectMany(link => link.GetProperty("addr_info").EnumerateArray())
                .Where(address => address.TryGetProperty("local", out _))
                .Select(address => address.GetProperty("local").GetString()!));
        }

        Assert.Equal(addresses.Distinct(), addresses);
    }

    /// <summary>Links but the bridge, which stays; the rule set; what is on disk but locks and counters.</summary>
    private Task<string> InventoryAsync() => _host.RunAsync($"""
        ip -o link show | grep -v -e ' br1:' | cut -d: -f2
        ip -o address show | grep -v -e ' br1 ' -e fe80 | sed 's/^[0-9]*: //'
        ip route | grep -v ' br1 '; ip -6 route | grep -v -e fe80 -e ' br1 '
        nft list ruleset
        find {_host.DataDirectory} -type f 2>/dev/null | grep -v -e /lock$ -e /last_reserved
        :
        """);
}
