using System.Globalization;
using Noded.Bpf;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>
/// What the kernel leaves to devices: checksums that are not there yet while programs rewrite a packet, and segments of 64
/// KiB. In each case one end's links take that or do it themselves, and the receiver of a link that does not verifies.
/// </summary>
[Trait("Category", "Integration")]
public sealed class OffloadTests(OffloadTests.OffloadNetwork network) : IClassFixture<OffloadTests.OffloadNetwork>
{
    private const int Size = 1024 * 1024;
    private const int PayloadOfAFrame = 1460;

    private readonly PacketPathSuite.Network _network = network.OrSkip();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<bool, bool, bool> FamiliesAndOffloads => new()
    {
        { false, false, false }, { false, false, true }, { false, true, false }, { false, true, true },
        { true, false, false }, { true, false, true }, { true, true, false }, { true, true, true },
    };

    [Theory]
    [MemberData(nameof(FamiliesAndOffloads))]
    public async Task Tcp_AMegabyteThereAndBack_AreIntact(bool isV6, bool clientOffloads, bool backendOffloads)
    {
        string service = isV6 ? "[fd01::a1]:80" : "10.96.10.1:80";
        string backend = isV6 ? "[fd10:2::2]:8101" : "10.244.2.2:8101";
        await SetAsync("a", clientOffloads);
        await SetAsync("b", backendOffloads);
        await _network.B.DoAsync("reset", Token);
        await _network.B.DoAsync($"listen-echo {backend} echo", Token);
        await _network.Node.DoAsync($"service tcp {service} 0 {backend}", Token);
        long before = await CountSentAsync("a");

        Assert.Equal("ok", await _network.A.AskAsync($"echo {Size} {service}", Token));

        // Acknowledgements count, too, but a large segment counts once.
        long sent = await CountSentAsync("a") - before;
        Assert.True(clientOffloads ? sent < Size / PayloadOfAFrame : sent >= Size / PayloadOfAFrame, $"{sent} packets");
    }

    [Theory]
    [MemberData(nameof(FamiliesAndOffloads))]
    public async Task Udp_ManyDatagrams_AreAllAnswered(bool isV6, bool clientOffloads, bool backendOffloads)
    {
        string service = isV6 ? "[fd01::a2]:53" : "10.96.10.2:53";
        string backend = isV6 ? "[fd10:2::2]:5401" : "10.244.2.2:5401";
        await SetAsync("a", clientOffloads);
        await SetAsync("b", backendOffloads);
        await _network.B.DoAsync("reset", Token);
        await _network.B.DoAsync($"listen-udp {backend} echo", Token);
        await _network.Node.DoAsync($"service udp {service} 0 {backend}", Token);

        // A link that makes no checksums takes no datagrams that are several, before kernel 6.12.
        string command = clientOffloads ? "udp-as-one" : "udp-many";

        Assert.Equal("40", await _network.A.AskAsync($"{command} 40 {service}", Token));
    }

    /// <summary>Both ends of a pod's veth.</summary>
    private async Task SetAsync(string pod, bool offloads)
    {
        string value = offloads ? "on" : "off";
        string settings = $"tx {value} rx {value} tso {value} gso {value} gro {value}";
        string command = $"ethtool -K {pod}-host {settings} && ip netns exec {pod} ethtool -K eth0 {settings}";
        (await _network.Sandbox.RunAsync("sh", ["-c", command], Token)).OrThrow();
    }

    private async Task<long> CountSentAsync(string pod)
    {
        ProgramResult result = await _network.Sandbox.RunAsync(
            "ip", ["netns", "exec", pod, "cat", "/sys/class/net/eth0/statistics/tx_packets"], Token);
        return long.Parse(result.OrThrow().Output, CultureInfo.InvariantCulture);
    }

    // The hook that every kernel has: how programs are attached makes no difference to what they get.
    public sealed class OffloadNetwork() : PacketPathSuite.Network(LinkHook.Clsact)
    {
        protected override string? FindMissing() => base.FindMissing()
            ?? (TestPrograms.TryFind("ethtool") is null ? "Needs the program ethtool." : null);
    }
}
