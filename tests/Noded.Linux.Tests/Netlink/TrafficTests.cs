using System.Text.Json;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Testing;

namespace Noded.Linux.Tests.Netlink;

/// <summary>Against the kernel, in a network namespace of its own; tc(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class TrafficTests : IAsyncLifetime
{
    private NodeSandbox _sandbox = null!;
    private RtNetlink _netlink = null!;
    private int _link;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("tc");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _netlink = RtNetlink.Open(new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net"));
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"), up: true);
        _link = _netlink.GetLink("a").Index;
    }

    public async ValueTask DisposeAsync()
    {
        _netlink?.Dispose();
        await _sandbox.DisposeAsync();
    }

    [Theory]
    [InlineData(1_000_000, 32_768)]
    [InlineData(1, 1_600)]
    [InlineData(10_000_000_000, 1_000_000)]
    public async Task ReplaceTokenBucket_Twice_IsTheLastOne(long rate, uint burst)
    {
        TokenBucket bucket = new((ulong)rate, burst, burst + 1000);
        _netlink.ReplaceTokenBucket(_link, new TokenBucket(500, 1000, 2000));

        _netlink.ReplaceTokenBucket(_link, bucket);

        JsonElement found = JsonDocument.Parse(await TcAsync("-j", "qdisc", "show", "dev", "a")).RootElement[0];
        Assert.Equal("tbf", found.GetProperty("kind").GetString());
        Assert.Equal(rate, found.GetProperty("options").GetProperty("rate").GetInt64());
        Assert.Equal(bucket with { Burst = 0 }, _netlink.FindTokenBucket(_link));
        Assert.True(_netlink.DeleteTokenBucket(_link));
        Assert.False(_netlink.DeleteTokenBucket(_link));
        Assert.Null(_netlink.FindTokenBucket(_link));
    }

    [Fact]
    public async Task RedirectIngress_ToAnotherLink_IsFound()
    {
        _netlink.AddLink("ifb", "limiter", mtu: 1400, up: true);
        int limiter = _netlink.GetLink("limiter").Index;
        Assert.Null(_netlink.FindIngressRedirect(_link));

        _netlink.RedirectIngress(_link, limiter);

        Assert.Equal(limiter, _netlink.FindIngressRedirect(_link));
        Assert.Null(_netlink.FindIngressRedirect(limiter));
        string filters = await TcAsync("filter", "show", "dev", "a", "ingress");
        Assert.Contains("Egress Redirect to device limiter", filters, StringComparison.Ordinal);
        Assert.Contains("match 00000000/00000000", filters, StringComparison.Ordinal);
        Assert.Contains("stolen", filters, StringComparison.Ordinal);
    }

    private async Task<string> TcAsync(params string[] arguments) =>
        (await _sandbox.RunAsync("tc", arguments, Token)).OrThrow().Output;
}
