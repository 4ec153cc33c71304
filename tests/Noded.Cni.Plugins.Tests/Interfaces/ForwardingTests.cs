using System.Globalization;
using System.Text.RegularExpressions;
using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Results;
using Noded.Linux.Namespaces;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Cni.Plugins.Tests.Interfaces;

/// <summary>A bridge of the sandbox with two pods; one of them reaches the other by the gateway.</summary>
[Trait("Category", "Integration")]
public sealed partial class ForwardingTests : IAsyncLifetime
{
    private const string Setup = """
        set -e
        mkdir -p /run/netns
        echo 1 > /proc/sys/net/ipv4/ip_forward
        echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects
        echo 1 > /proc/sys/net/ipv4/conf/default/send_redirects
        ip link add br1 type bridge
        ip address add 10.1.2.1/24 dev br1
        ip link set br1 up
        for pod in 2 3; do
            ip netns add "p$pod"
            ip link add "v$pod" type veth peer name eth0 netns "p$pod"
            ip link set "v$pod" master br1 up
            ip -n "p$pod" address add "10.1.2.$pod/24" dev eth0
            ip -n "p$pod" link set eth0 up
        done
        ip -n p2 route add 10.1.2.3/32 via 10.1.2.1
        """;

    private NodeSandbox _sandbox = null!; // made before every test

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NetworkNamespace Host =>
        new(string.Create(CultureInfo.InvariantCulture, $"/proc/{_sandbox.InitPid}/ns/net"));

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Program("ip", "nstat", "ping");
        _sandbox = await NodeSandbox.CreateAsync(Token);
        await RunAsync(Setup);
    }

    [Fact]
    public async Task DisableRedirects_PodReachesItsNeighbourByTheGateway_IsNotToldOfTheShorterWay()
    {
        int before = await CountRedirectsAsync();

        Forwarding.DisableRedirects(Host, "br1", [Address("10.1.2.2/24")]);
        int after = await CountRedirectsAsync();

        Assert.True(before > 0, "the kernel sends redirects by itself");
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task DisableRedirects_OtherLinks_GoOnAsTheirOwnSettingsSay()
    {
        Forwarding.DisableRedirects(Host, "br1", [Address("10.1.2.2/24")]);

        Assert.Equal(
            "0\n1\n", await RunAsync("cd /proc/sys/net/ipv4/conf && cat br1/send_redirects v2/send_redirects"));
    }

    [Fact]
    public async Task DisableRedirects_V6Alone_ChangesNothing()
    {
        Forwarding.DisableRedirects(Host, "br1", [Address("fd00:1::2/64")]);

        Assert.Equal(
            "1\n1\n", await RunAsync("cd /proc/sys/net/ipv4/conf && cat br1/send_redirects all/send_redirects"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }
    }

    private static CniAddress Address(string prefix) => new(IPPrefix.Parse(prefix));

    /// <summary>How many the pod has got, after asking its neighbour several times.</summary>
    private async Task<int> CountRedirectsAsync()
    {
        string counters = await RunAsync(
            "ip netns exec p2 ping -c 3 -i 0.2 -w 20 10.1.2.3 >/dev/null; ip netns exec p2 nstat -a -z -s IcmpInRedirects");
        return int.Parse(Redirects().Match(counters).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private async Task<string> RunAsync(string script) =>
        (await _sandbox.RunAsync("bash", ["-c", script], Token)).OrThrow().Output;

    [GeneratedRegex(@"IcmpInRedirects\s+(\d+)")]
    private static partial Regex Redirects();
}
