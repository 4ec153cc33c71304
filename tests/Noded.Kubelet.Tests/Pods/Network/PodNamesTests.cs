using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods.Network;

public sealed class PodNamesTests
{
    private static readonly NodeFacts Node = new("node1", ["192.0.2.1"], 1000, 1 << 30, 1 << 30) { ClusterDns = ["10.96.0.10"] };
    private static readonly ResolvConf Host = new(["192.0.2.53"], ["example.com"], ["timeout:1"]);

    [Fact]
    public void Hostname_WithoutASubdomain_IsThePodsName()
    {
        Assert.Equal(new PodHostname("web", null), Hostname(_ => { }));
        Assert.Equal(new PodHostname("w", null), Hostname(spec => spec.Hostname = "w"));
        Assert.Equal(new PodHostname("", null), Hostname(spec => spec.HostNetwork = true));
        Assert.Equal(new PodHostname("other.example", null), Hostname(spec => spec.HostnameOverride = "other.example"));
    }

    [Fact]
    public void Hostname_LongNameOfAPod_IsCutToALabel() => Assert.Equal(
        new string('a', 62), PodHostname.Compute(APod(_ => { }, new string('a', 62) + "-b"), "cluster.local").Name);

    [Fact]
    public void Hostname_WithASubdomain_HasAFullNameAndIsItWhenAsked()
    {
        Assert.Equal(
            new PodHostname("web", "web.sub.shop.svc.cluster.local"), Hostname(spec => spec.Subdomain = "sub"));
        Assert.Equal(
            "web.sub.shop.svc.cluster.local",
            Hostname(spec => (spec.Subdomain, spec.SetHostnameAsFQDN) = ("sub", true)).Name);
    }

    [Fact]
    public void Hostname_FullNameTooLongForTheKernel_IsThePodsMistake() => Assert.Contains(
        "is too long (64 characters is the max, 81 characters requested)",
        Assert.Throws<PodConfigException>(
            () => Hostname(spec => (spec.Subdomain, spec.SetHostnameAsFQDN) = (new string('s', 54), true))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Hosts_OfAPod_HaveItsAddressesAndAliases() => Assert.Equal(
        """
        # Kubernetes-managed hosts file.
        127.0.0.1	localhost
        ::1	localhost ip6-localhost ip6-loopback
        fe00::0	ip6-localnet
        fe00::0	ip6-mcastprefix
        fe00::1	ip6-allnodes
        fe00::2	ip6-allrouters
        10.244.0.2	web.sub.shop.svc.cluster.local	web
        fd00::2	web.sub.shop.svc.cluster.local	web

        # Entries added by HostAliases.
        192.0.2.7	a	b

        """,
        Hosts(spec =>
        {
            spec.Subdomain = "sub";
            spec.HostAliases = [new V1HostAlias { Ip = "192.0.2.7", Hostnames = ["a", "b"] }];
        }));

    [Fact]
    public void Hosts_InTheHostsNetwork_AreTheHostsOwn() => Assert.Equal(
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n", Hosts(spec => spec.HostNetwork = true));

    [Theory]
    [InlineData("ClusterFirst", false, "10.96.0.10 | shop.svc.cluster.local svc.cluster.local cluster.local example.com | ndots:5")]
    [InlineData("ClusterFirst", true, "192.0.2.53 | example.com | timeout:1")]
    [InlineData("ClusterFirstWithHostNet", true, "10.96.0.10 | shop.svc.cluster.local svc.cluster.local cluster.local example.com | ndots:5")]
    [InlineData("Default", false, "192.0.2.53 | example.com | timeout:1")]
    [InlineData("None", false, " |  | ")]
    public void Dns_OfEachPolicy_IsUpstreams(string policy, bool hostNetwork, string expected) =>
        Assert.Equal(expected, Dns(Node, spec => (spec.DnsPolicy, spec.HostNetwork) = (policy, hostNetwork)));

    [Fact]
    public void Dns_OwnConfig_IsAddedAndItsOptionsWin() => Assert.Equal(
        "192.0.2.53 192.0.2.54 | example.com own.example | timeout:3 edns0",
        Dns(Node, spec =>
        {
            spec.DnsPolicy = "Default";
            spec.DnsConfig = new V1PodDNSConfig
            {
                Nameservers = ["192.0.2.53", "192.0.2.54"],
                Searches = ["own.example"],
                Options = [new V1PodDNSConfigOption { Name = "timeout", Value = "3" }, new V1PodDNSConfigOption { Name = "edns0" }],
            };
        }));

    [Fact]
    public void Dns_WithoutAClusterServer_IsTheHostsAndSaysSo()
    {
        PodDns dns = PodDns.Compute(APod(spec => spec.DnsPolicy = "ClusterFirst"), Node with { ClusterDns = [] }, Host);

        Assert.Equal(Host, dns.Config with { Servers = Host.Servers, Searches = Host.Searches, Options = Host.Options });
        Assert.Equal("MissingClusterDNS", Assert.Single(dns.Warnings).Reason);
    }

    [Fact]
    public void Dns_MoreThanResolversRead_IsCutAndSaysSo()
    {
        ResolvConf host = new(
            ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
            [.. Enumerable.Range(0, 40).Select(i => $"d{i}.example")],
            []);

        PodDns dns = PodDns.Compute(APod(spec => spec.DnsPolicy = "Default"), Node, host);

        Assert.Equal((3, 32), (dns.Config.Servers.Length, dns.Config.Searches.Length));
        Assert.Equal(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 192.0.2.1 192.0.2.2 192.0.2.3",
            dns.Warnings[0].Message);
        Assert.Equal(2, dns.Warnings.Length);
    }

    [Fact]
    public void Parse_ResolvConf_TakesTheLastSearchAndEveryServer()
    {
        ResolvConf parsed = ResolvConfParser.Parse(
            "# comment\nnameserver 192.0.2.1\nsearch a.example\nnameserver\t2001:db8::1\nsearch b.example. .\noptions ndots:2 rotate\nnameserver\n");

        Assert.Equal("192.0.2.1 2001:db8::1 | b.example . | ndots:2 rotate", Text(parsed));
    }

    private static PodHostname Hostname(Action<V1PodSpec> change) => PodHostname.Compute(APod(change), "cluster.local");

    private static string Hosts(Action<V1PodSpec> change)
    {
        Pod pod = APod(change);
        return HostsFile.Compute(
            pod, PodHostname.Compute(pod, "cluster.local"), ["10.244.0.2", "fd00::2"], "127.0.0.1 localhost\n");
    }

    private static string Dns(NodeFacts node, Action<V1PodSpec> change) => Text(PodDns.Compute(APod(change), node, Host).Config);

    private static string Text(ResolvConf config) =>
        $"{string.Join(' ', config.Servers)} | {string.Join(' ', config.Searches)} | {string.Join(' ', config.Options)}";

    private static Pod APod(Action<V1PodSpec> change, string name = "web")
    {
        V1PodSpec spec = new() { Containers = [new V1Container { Name = "main" }] };
        change(spec);
        return new Pod(new PodUid("u1"), new NamespacedName("shop", name), new V1Pod { Metadata = new V1ObjectMeta(), Spec = spec });
    }
}
