using System.Net;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Linux.Tests.Netlink;

/// <summary>Against the kernel, in a network namespace of its own; ip(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class RtNetlinkTests : IAsyncLifetime
{
    private NodeSandbox _sandbox = null!;
    private NetworkNamespace _namespace = null!;
    private RtNetlink _netlink = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _namespace = new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net");
        _netlink = RtNetlink.Open(_namespace);
    }

    public async ValueTask DisposeAsync()
    {
        _netlink?.Dispose();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public void FindLink_Loopback_IsThere()
    {
        Link? loopback = _netlink.FindLink("lo");

        Assert.NotNull(loopback);
        Assert.True(loopback.IsLoopback);
        Assert.Equal(1, loopback.Index);
        Assert.Equal(loopback, _netlink.FindLink(1));
    }

    [Fact]
    public void FindLink_Missing_IsNull()
    {
        Assert.Null(_netlink.FindLink("nope"));
        Assert.Null(_netlink.FindLink(4711));
        Assert.Equal(Errno.ENODEV, Assert.Throws<LinuxException>(() => _netlink.GetLink("nope")).Errno);
    }

    [Fact]
    public async Task AddVeth_EndInABridgePeerElsewhere_IsSo()
    {
        await using NodeSandbox other = await NodeSandbox.CreateAsync(Token);
        NetworkNamespace pod = new($"/proc/{other.InitPid}/ns/net");
        _netlink.AddBridge("br0", 1400, MacAddress.Parse("02:00:00:00:00:01"));
        Link bridge = _netlink.GetLink("br0");
        using SafeFd target = pod.Open();

        _netlink.AddVeth(
            new VethEnd("host0") { Mtu = 1400 },
            new VethEnd("eth0") { Namespace = target, Mtu = 1400, Address = MacAddress.Parse("02:00:00:00:00:02") },
            bridge.Index,
            up: true);

        using RtNetlink inside = RtNetlink.Open(pod);
        Link end = _netlink.GetLink("host0");
        Link peer = inside.GetLink("eth0");
        Assert.Equal("veth", end.Kind);
        Assert.Equal(bridge.Index, end.MasterIndex);
        Assert.Equal(1400u, end.Mtu);
        Assert.True(end.IsUp);
        Assert.Equal(peer.Index, end.PeerIndex);
        Assert.Equal(end.Index, peer.PeerIndex);
        Assert.NotNull(end.PeerNamespaceId);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:02"), peer.Address);
        Assert.Contains("mtu 1400", await IpAsync("link", "show", "host0"), StringComparison.Ordinal);
    }

    [Fact]
    public void AddVeth_NameTaken_IsRefusedWithoutAnyLeft()
    {
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"));

        LinuxException error = Assert.Throws<LinuxException>(() => _netlink.AddVeth(new VethEnd("c"), new VethEnd("b")));

        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.Null(_netlink.FindLink("c"));
    }

    [Fact]
    public void ChangeBridgePort_Hairpin_IsSo()
    {
        _netlink.AddBridge("br0", null, null);
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"), _netlink.GetLink("br0").Index);
        Link port = _netlink.GetLink("a");
        Assert.False(port.IsHairpin);

        _netlink.ChangeBridgePort(port.Index, isHairpin: true, isIsolated: null);

        Assert.True(_netlink.GetLink("a").IsHairpin);
        Assert.Null(_netlink.GetLink("b").IsHairpin);
    }

    [Fact]
    public void ChangeLink_EverythingAtOnce_IsSo()
    {
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"));
        Link link = _netlink.GetLink("a");
        MacAddress mac = MacAddress.Parse("02:00:00:00:00:07");

        _netlink.ChangeLink(
            link.Index,
            new LinkChange { Name = "renamed", Mtu = 1280, Address = mac, TxQueueLength = 77, Promiscuous = true });
        _netlink.ChangeLink(link.Index, new LinkChange { Up = true });

        Link changed = _netlink.GetLink("renamed");
        Assert.Equal((1280u, mac, 77u, true), (changed.Mtu, changed.Address!.Value, changed.TxQueueLength, changed.IsUp));
        Assert.True(changed.Flags.HasFlag(LinkFlags.Promiscuous));
    }

    [Fact]
    public void DeleteLink_Twice_SaysWhetherThereWasOne()
    {
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"));

        Assert.True(_netlink.DeleteLink("a"));
        Assert.False(_netlink.DeleteLink("a"));
        Assert.False(_netlink.DeleteLink("b"));
    }

    [Theory]
    [InlineData("10.1.2.3/24")]
    [InlineData("10.1.2.3/32")]
    [InlineData("fd00::7/64")]
    public async Task AddAddress_ThenDelete_IsThereAndGone(string text)
    {
        IPPrefix address = IPPrefix.Parse(text);

        _netlink.AddAddress(1, address, AddressFlags.NoDuplicateDetection);

        LinkAddress found = Assert.Single(_netlink.GetAddresses(1), found => found.Prefix == address);
        Assert.Equal(address.IsV6, found.Flags.HasFlag(AddressFlags.NoDuplicateDetection));
        Assert.Contains(text, await IpAsync("address", "show", "lo"), StringComparison.Ordinal);
        Assert.True(_netlink.DeleteAddress(1, address));
        Assert.False(_netlink.DeleteAddress(1, address));
    }

    [Fact]
    public async Task AddAddress_V4_HasItsNetworksBroadcast()
    {
        _netlink.AddAddress(1, IPPrefix.Parse("10.1.2.3/20"));

        Assert.Contains("10.1.2.3/20 brd 10.1.15.255", await IpAsync("address", "show", "lo"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0/0", "10.1.0.1")]
    [InlineData("10.9.0.0/16", "10.1.0.1")]
    [InlineData("::/0", "fd00::1")]
    [InlineData("fd09::/48", "fd00::1")]
    public void Routes_ThroughAGateway_AreAsWishedAndGoOnce(string destination, string gateway)
    {
        AddLinkWithAddresses();
        Route wish = new(IPPrefix.Parse(destination))
        {
            LinkIndex = _netlink.GetLink("a").Index,
            Gateway = IPAddress.Parse(gateway),
            Priority = 100,
            Mtu = 1300,
            AdvertisedMss = 1200,
            Table = 1000,
        };

        _netlink.AddRoute(wish);

        Assert.Equal(wish, Assert.Single(_netlink.GetRoutes(), route => route.Table == 1000));
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => _netlink.AddRoute(wish)).Errno);
        _netlink.ReplaceRoute(wish with { Mtu = 1250 });
        Assert.Equal(1250u, Assert.Single(_netlink.GetRoutes(), route => route.Table == 1000).Mtu);
        Assert.True(_netlink.DeleteRoute(wish));
        Assert.False(_netlink.DeleteRoute(wish));
    }

    [Theory]
    [InlineData("10.244.0.0/16")]
    [InlineData("fd00:10:244::/56")]
    public async Task AddRoute_Unreachable_NothingGetsOut(string cluster)
    {
        Route wish = new(IPPrefix.Parse(cluster)) { Type = RouteType.Unreachable, Priority = uint.MaxValue };

        _netlink.AddRoute(wish);

        Route found = Assert.Single(_netlink.GetRoutes(), route => route.Destination == wish.Destination);
        Assert.Equal((RouteType.Unreachable, uint.MaxValue), (found.Type, found.Priority));
        Assert.Contains(
            "unreachable", await IpAsync(wish.Destination.IsV6 ? "-6" : "-4", "route", "show"), StringComparison.Ordinal);
        Assert.True(_netlink.DeleteRoute(wish));
    }

    [Fact]
    public void AddRoute_GatewayOutOfReach_HasTheKernelsOwnWords()
    {
        AddLinkWithAddresses();

        LinuxException error = Assert.Throws<LinuxException>(() => _netlink.AddRoute(
            new Route(IPPrefix.Parse("10.9.0.0/16")) { Gateway = IPAddress.Parse("192.0.2.1") }));

        Assert.Equal(
            "add route to 10.9.0.0/16: Network is unreachable (errno 101): Nexthop has invalid gateway", error.Message);
    }

    [Fact]
    public void GetLinks_MoreThanOneDatagramHolds_AreAllThere()
    {
        for (int i = 0; i < 60; i++)
        {
            _netlink.AddVeth(new VethEnd($"a{i}"), new VethEnd($"b{i}"));
        }

        Assert.Equal(121, _netlink.GetLinks().Select(link => link.Name).Distinct().Count());
    }

    [Fact]
    public void WriteSysctl_OfTheNamespace_LeavesOursAlone()
    {
        NetworkNamespace own = new("/proc/self/ns/net");
        string before = own.ReadSysctl("net/ipv4/ip_default_ttl");

        _namespace.WriteSysctl("net/ipv4/ip_default_ttl", "77");

        Assert.Equal("77", _namespace.ReadSysctl("net/ipv4/ip_default_ttl"));
        Assert.Equal(before, own.ReadSysctl("net/ipv4/ip_default_ttl"));
        Assert.True(own.IsOwn);
        Assert.False(_namespace.IsOwn);
    }

    [Fact]
    public void Open_NamespaceIsMissingOrNone_NamesThePath()
    {
        Assert.Contains("/run/netns/none", Assert.Throws<LinuxException>(
            () => RtNetlink.Open(new NetworkNamespace("/run/netns/none"))).Message, StringComparison.Ordinal);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(
            () => RtNetlink.Open(new NetworkNamespace("/etc/passwd"))).Errno);
    }

    private void AddLinkWithAddresses()
    {
        _netlink.AddVeth(new VethEnd("a"), new VethEnd("b"), up: true);
        _netlink.ChangeLink(_netlink.GetLink("b").Index, new LinkChange { Up = true });
        int index = _netlink.GetLink("a").Index;
        _netlink.AddAddress(index, IPPrefix.Parse("10.1.0.2/24"));
        _netlink.AddAddress(index, IPPrefix.Parse("fd00::2/64"), AddressFlags.NoDuplicateDetection);
    }

    private async Task<string> IpAsync(params string[] arguments) =>
        (await _sandbox.RunAsync("ip", arguments, Token)).OrThrow().Output;
}
