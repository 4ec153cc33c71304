using System.Net;
using Noded.Cni.Plugins.PortMap;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Tests.PortMap;

public sealed class PortMapElementTests
{
    private static readonly IPPrefix[] Addresses = [IPPrefix.Parse("10.88.0.11/24"), IPPrefix.Parse("fd88::11/64")];
    private static readonly HostPort Web = new(HostPort.Tcp, 80, 8080, Address: null, IsV6: null);

    [Fact]
    public void Compute_AnyAddress_IsAPortAndTheSourcesOfEachVersion() => Assert.Equal(
        [
            "ports4 0600000000500000 => 0a58000b1f900000",
            "sources4 06000000005000000a580000-06000000005000000a5800ff",
            "sources4 06000000005000007f000000-06000000005000007fffffff",
            "ports6 0600000000500000 => fd8800000000000000000000000000111f900000",
            "sources6 0600000000500000fd880000000000000000000000000000-0600000000500000fd88000000000000ffffffffffffffff",
        ],
        Compute(new PortMapConfig(), Web));

    [Fact]
    public void Compute_OneAddress_IsItsVersionAlone() => Assert.Equal(
        [
            "address-ports4 c00002010600000000500000 => 0a58000b1f900000",
            "address-sources4 c000020106000000005000000a580000-c000020106000000005000000a5800ff",
        ],
        Compute(new PortMapConfig(), Web with { Address = IPAddress.Parse("192.0.2.1"), IsV6 = false }));

    [Fact]
    public void Compute_WithoutSnat_IsThePortAlone() => Assert.Equal(
        ["ports4 0600000000500000 => 0a58000b1f900000"],
        Compute(new PortMapConfig { Snat = false, MasqAll = true }, Web with { IsV6 = false }));

    [Fact]
    public void Compute_MasqAll_IsEverySource() => Assert.Equal(
        ["ports4 0600000000500000 => 0a58000b1f900000", "sources4 060000000050000000000000-0600000000500000ffffffff"],
        Compute(new PortMapConfig { MasqAll = true }, Web with { IsV6 = false }));

    [Fact]
    public void TryGetUdp_Elements_AreThoseOfUdpPorts()
    {
        HostPort dns = new(HostPort.Udp, 53, 5353, IPAddress.Parse("192.0.2.1"), IsV6: false);

        IEnumerable<(IPAddress?, ushort, IPAddress)> udp = PortMapElement
            .Compute("l", new PortMapConfig(), [Web, dns, dns with { Address = null, Port = 54 }], Addresses)
            .Select(element => element.TryGetUdp())
            .OfType<(IPAddress?, ushort, IPAddress)>();

        Assert.Equal(
            [(IPAddress.Parse("192.0.2.1"), 53, Addresses[0].Address), (null, 54, Addresses[0].Address)], udp);
    }

    [Fact]
    public void ReadAddresses_Result_IsTheContainersFirstOfEachVersion()
    {
        CniResult result = new()
        {
            Interfaces = [new CniInterface("br0"), new CniInterface("eth0", Sandbox: "/run/netns/a"), new CniInterface("eth1", Sandbox: "/run/netns/a")],
            Ips =
            [
                new CniAddress(IPPrefix.Parse("10.0.0.1/24")) { Interface = 0 },
                new CniAddress(IPPrefix.Parse("10.0.1.1/24")) { Interface = 2 },
                new CniAddress(IPPrefix.Parse("10.88.0.11/24")) { Interface = 1 },
                new CniAddress(IPPrefix.Parse("10.88.0.12/24")) { Interface = 1 },
                new CniAddress(IPPrefix.Parse("fd88::11/64")),
            ],
        };

        Assert.Equal(Addresses, PortMapReader.ReadAddresses(result, "eth0"));
        Assert.Empty(PortMapReader.ReadAddresses(new CniResult(), "eth0"));
    }

    [Fact]
    public void ComputeAdd_PortOfAnother_NamesBoth()
    {
        IReadOnlyList<PortMapElement> theirs = PortMapElement.Compute("theirs", new PortMapConfig(), [Web], Addresses);
        IReadOnlyList<PortMapElement> ours = PortMapElement.Compute("ours", new PortMapConfig(), [Web], Addresses);

        CniException error = Assert.Throws<CniException>(
            () => PortMapRules.ComputeAdd(theirs, new Attachment("c1", "eth0"), "ours", ours));

        Assert.Equal((CniErrorCode.HostPortTaken, "host port 80/tcp is taken"), (error.Code, error.Message));
        Assert.Contains("c1/eth0 cannot have it, it belongs to theirs", error.Details, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Compute(PortMapConfig config, params HostPort[] ports) =>
        PortMapElement.Compute("label", config, ports, Addresses).Select(element =>
            $"{element.Set.Name} {element.Element.Key}"
            + (element.Element.KeyEnd is null ? "" : $"-{element.Element.KeyEnd}")
            + (element.Element.Value is null ? "" : $" => {element.Element.Value}"));
}
