using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

public sealed class BandwidthTests() : BandwidthSuite(CniImplementation.Noded)
{
    [Fact]
    public async Task Gc_AttachmentsThatAreGone_LoseTheirLimiter()
    {
        JsonObject config = Config(Limits());
        config["cniVersion"] = "1.1.0";
        (await CallAsync("ADD", config)).OrThrow();
        config["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "c-p1", ["ifname"] = "eth0" });
        (await CallAsync("GC", config)).OrThrow();
        Assert.NotEqual("", await LimitersAsync());

        config["cni.dev/valid-attachments"] = new JsonArray();
        (await CallAsync("GC", config)).OrThrow();

        Assert.Equal("", await LimitersAsync());
    }

    [Fact]
    public async Task Add_MoreThan32Bits_IsTheRate()
    {
        (await CallAsync("ADD", Config("""{"ingressRate": 80000000000, "ingressBurst": 8000000000}"""))).OrThrow();

        JsonElement bucket = (await DisciplinesAsync("v1")).Single(found => found.GetProperty("kind").GetString() == "tbf");
        Assert.Equal(10_000_000_000, bucket.GetProperty("options").GetProperty("rate").GetInt64());
        (await CallAsync("CHECK", Config("""{"ingressRate": 80000000000, "ingressBurst": 8000000000}"""))).OrThrow();
    }

    [Theory]
    [InlineData("tc qdisc delete dev v1 root")]
    [InlineData("tc qdisc delete dev v1 ingress")]
    [InlineData("tc qdisc delete dev $LIMITER root")]
    public async Task Check_LimitWasTakenOff_IsNoticed(string damage)
    {
        string limiter = (await CallAsync("ADD", Config(Limits()))).OrThrow()
            .Document.GetProperty("interfaces")[2].GetProperty("name").GetString()!;

        await Host.RunAsync(damage.Replace("$LIMITER", limiter, StringComparison.Ordinal));

        Assert.Equal(104, (await CallAsync("CHECK", Config(Limits()))).Code);
    }

    [Fact]
    public async Task Add_KilledBefore_TakesItsPlace()
    {
        string limiter = (await CallAsync("ADD", Config(Limits()))).OrThrow()
            .Document.GetProperty("interfaces")[2].GetProperty("name").GetString()!;
        await Host.RunAsync("ip link delete v1");
        await Host.RunAsync("ip link add v1 type veth peer name eth0 netns p1 && ip link set v1 up && ip -n p1 link set eth0 up");

        JsonElement again = (await CallAsync("ADD", Config(Limits()))).OrThrow().Document;

        Assert.Equal(limiter, again.GetProperty("interfaces")[2].GetProperty("name").GetString());
        (await CallAsync("CHECK", Config(Limits()))).OrThrow();
    }

    [Theory]
    [InlineData("""{"ingressRate": "8"}""", 6, "$.ingressRate")]
    [InlineData("""{"egressRate": -8}""", 6, "$.egressRate")]
    [InlineData("""{"ingressRate": 8}""", 7, "burst must also be set")]
    public async Task Add_BadField_IsRefusedWithItsName(string own, int code, string message)
    {
        CniOutcome refused = await CallAsync("ADD", Config(own));

        Assert.Equal((1, code), (refused.ExitCode, refused.Code));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}

public sealed class ReferenceBandwidthTests() : BandwidthSuite(CniImplementation.Reference);

/// <summary>What a bandwidth plugin does to a veth pair that another plugin made, whoever wrote it.</summary>
[Trait("Category", "Conformance")]
public abstract class BandwidthSuite(CniImplementation implementation) : IAsyncLifetime
{
    // Bits per second and bits: 1 MB/s with 32 KiB at once in, twice that out.
    private const int IngressRate = 8_000_000;
    private const int IngressBurst = 262_144;
    private const int EgressRate = 16_000_000;
    private const int EgressBurst = 524_288;

    private protected CniHost Host { get; private set; } = null!;

    private static CniAttachment Pod { get; } = new("c-p1", "/run/netns/p1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("tc");
        Host = await CniHost.CreateAsync(implementation, "bandwidth");
        await Host.AddPodAsync("p1");
        await Host.RunAsync("""
            set -e
            ip link add v1 type veth peer name eth0 address 02:00:00:00:00:01 netns p1
            ip address add 10.1.2.1/24 dev v1
            ip link set v1 up
            ip -n p1 address add 10.1.2.2/24 dev eth0
            ip -n p1 link set eth0 up
            """);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public async Task Add_Limits_AreTheKernelsUntilDel(string version)
    {
        JsonObject config = Config(Limits(), version);

        JsonElement result = (await CallAsync("ADD", config)).OrThrow().Document;

        Assert.Equal(3, result.GetProperty("interfaces").GetArrayLength());
        JsonElement limiter = result.GetProperty("interfaces")[2];
        string name = limiter.GetProperty("name").GetString()!;
        Assert.Contains(limiter.GetProperty("mac").GetString()!, await Host.RunAsync($"ip link show {name}"), StringComparison.Ordinal);
        await AssertBucketAsync("v1", IngressRate, IngressBurst);
        await AssertBucketAsync(name, EgressRate, EgressBurst);
        Assert.Contains($"Egress Redirect to device {name}", await Host.RunAsync("tc filter show dev v1 ingress"), StringComparison.Ordinal);

        (await CallAsync("DEL", config)).OrThrow();
        (await CallAsync("DEL", config)).OrThrow();

        Assert.Equal("", await LimitersAsync());
    }

    [Fact]
    public async Task Add_LimitsOfTheRuntime_AreTheKernels()
    {
        JsonObject config = Config("{}");
        config["runtimeConfig"] = new JsonObject { ["bandwidth"] = JsonNode.Parse(Limits()) };

        (await CallAsync("ADD", config)).OrThrow();

        await AssertBucketAsync("v1", IngressRate, IngressBurst);
        Assert.NotEqual("", await LimitersAsync());
    }

    [Fact]
    public async Task Add_LimitsOfBoth_ThoseOfTheConfigurationCount()
    {
        JsonObject config = Config($$"""{"ingressRate": {{IngressRate}}, "ingressBurst": {{IngressBurst}}}""");
        config["runtimeConfig"] = new JsonObject { ["bandwidth"] = JsonNode.Parse("""{"ingressRate": 80000, "ingressBurst": 80000}""") };

        (await CallAsync("ADD", config)).OrThrow();

        await AssertBucketAsync("v1", IngressRate, IngressBurst);
        Assert.Equal("", await LimitersAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"ingressRate": 0, "ingressBurst": 0, "egressRate": 0, "egressBurst": 0}""")]
    public async Task Add_NoLimits_PassesTheResultOn(string limits)
    {
        JsonElement result = (await CallAsync("ADD", Config(limits))).OrThrow().Document;

        Assert.Equal(2, result.GetProperty("interfaces").GetArrayLength());
        Assert.DoesNotContain("tbf", await Host.RunAsync("tc qdisc show dev v1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"ingressRate": 8000}""", "if rate is set, burst must also be set")]
    [InlineData("""{"egressBurst": 8000}""", "if burst is set, rate must also be set")]
    [InlineData("""{"egressRate": 8000, "egressBurst": 34359738360}""", "burst cannot be more than 4GB")]
    public async Task Add_HalfALimit_IsRefused(string limits, string message)
    {
        CniOutcome refused = await CallAsync("ADD", Config(limits));

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Equal("", await LimitersAsync());
    }

    [Fact]
    public async Task Add_WithoutAResult_IsRefused()
    {
        JsonObject config = Config(Limits());
        config.Remove("prevResult");

        Assert.Equal(1, (await CallAsync("ADD", config)).ExitCode);
    }

    [Fact]
    public async Task Add_NoVeth_IsRefused()
    {
        JsonObject config = Config(Limits());
        config["prevResult"]!["interfaces"]!.AsArray().RemoveAt(0);

        CniOutcome refused = await CallAsync("ADD", config);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("host", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Del_NamespaceIsGone_LeavesNothing()
    {
        JsonObject config = Config(Limits());
        (await CallAsync("ADD", config)).OrThrow();
        await Host.RunAsync("ip netns delete p1");

        (await Host.CallAsync("DEL", config, Pod with { NetworkNamespace = "" })).OrThrow();

        Assert.Equal("", await LimitersAsync());
    }

    [Theory]
    [InlineData("tc qdisc replace dev v1 root handle 1: tbf rate 8kbit burst 32kb latency 25ms")]
    [InlineData("ip link delete $LIMITER")]
    public async Task Check_SomethingWasTakenAway_IsNoticed(string damage)
    {
        JsonObject config = Config(Limits());
        JsonElement result = (await CallAsync("ADD", config)).OrThrow().Document;
        (await CallAsync("CHECK", config)).OrThrow();

        await Host.RunAsync(damage.Replace(
            "$LIMITER", result.GetProperty("interfaces")[2].GetProperty("name").GetString(), StringComparison.Ordinal));

        Assert.Equal(1, (await CallAsync("CHECK", config)).ExitCode);
    }

    [Fact]
    public async Task Add_Transfer_TakesItsTimeInBothDirections()
    {
        (await CallAsync("ADD", Config(Limits()))).OrThrow();

        // 600 kB at 1 MB/s and 1.2 MB at 2 MB/s, less what passes at once: over half a second each. Unlimited they take
        // milliseconds; too slow is only what a machine under load makes of it.
        Assert.InRange((await TransferAsync(from: null, to: "p1", "10.1.2.2", 600_000)).TotalSeconds, 0.4, 10);
        Assert.InRange((await TransferAsync(from: "p1", to: null, "10.1.2.1", 1_200_000)).TotalSeconds, 0.4, 10);
    }

    private protected static string Limits() => $$"""
        {"ingressRate": {{IngressRate}}, "ingressBurst": {{IngressBurst}}, "egressRate": {{EgressRate}}, "egressBurst": {{EgressBurst}}}
        """;

    private protected static JsonObject Config(string own, string version = "1.0.0")
    {
        JsonObject config = JsonNode.Parse(own)!.AsObject();
        config["cniVersion"] = version;
        config["name"] = "net";
        config["type"] = "bandwidth";
        config["prevResult"] = ChainedResult.Create(version, "v1", "02:00:00:00:00:01", Pod);
        return config;
    }

    private protected Task<CniOutcome> CallAsync(string verb, JsonObject config) => Host.CallAsync(verb, config, Pod);

    private protected Task<string> LimitersAsync() => Host.RunAsync("ip -o link show type ifb");

    private protected async Task<JsonElement[]> DisciplinesAsync(string link) =>
        [.. JsonDocument.Parse(await Host.RunAsync($"tc -j qdisc show dev {link}")).RootElement.EnumerateArray()];

    private async Task AssertBucketAsync(string link, int bits, int burst)
    {
        JsonElement options = (await DisciplinesAsync(link))
            .Single(found => found.GetProperty("kind").GetString() == "tbf").GetProperty("options");
        Assert.Equal(bits / 8, options.GetProperty("rate").GetInt64());
        // The kernel counts in time.
        Assert.InRange(options.GetProperty("burst").GetInt64(), burst / 8 * 0.99, burst / 8 * 1.01);
    }

    private async Task<TimeSpan> TransferAsync(string? from, string? to, string address, int bytes)
    {
        string port = (from is null ? 5001 : 5002).ToString(CultureInfo.InvariantCulture);
        await using ChildProcess receiver =
            await Host.StartAsync(to, "socat", "-d", "-d", "-u", $"TCP4-LISTEN:{port}", "OPEN:/dev/null");
        await receiver.Errors.WaitForLineAsync("listening on", Token);
        string send = $"head -c {bytes} /dev/zero | socat -u - TCP4:{address}:{port}";
        Stopwatch watch = Stopwatch.StartNew();

        await (from is null ? Host.RunAsync(send) : Host.RunInPodAsync(from, $"sh -c '{send}'"));
        await receiver.WaitForExitAsync(Token);

        return watch.Elapsed;
    }
}
