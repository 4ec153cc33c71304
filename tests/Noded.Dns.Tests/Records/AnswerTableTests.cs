using Noded.Dns.Records;
using Noded.Dns.Server;
using Noded.Dns.Wire;
using Noded.Testing;

namespace Noded.Dns.Tests.Records;

/// <summary>
/// Questions and answers, record by record, from the wire to the wire. What the specification leaves open is as CoreDNS
/// has it.
/// </summary>
public sealed class AnswerTableTests
{
    private const string Soa =
        " | - cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 946684800 7200 1800 86400 5";

    private const string NoName = "NXDOMAIN" + Soa;
    private const string NoRecord = "NOERROR" + Soa;

    private const string WebTarget = " | + web.default.svc.cluster.local. 5 A 10.96.0.1";

    private const string BothTarget = " | + both.default.svc.cluster.local. 5 A 10.96.0.3"
        + " | + both.default.svc.cluster.local. 5 AAAA fd00:10:96::3";

    private const string DbTargets = " | + 10-244-0-6.db.default.svc.cluster.local. 5 A 10.244.0.6"
        + " | + db-0.db.default.svc.cluster.local. 5 A 10.244.0.5 | + db-0.db.default.svc.cluster.local. 5 AAAA fd00:10:244::5";

    private readonly ClusterAnswers _answers;

    public AnswerTableTests()
    {
        ClusterZone zone = new("cluster.local", Cluster.Servers, Cluster.Ranges);
        ClusterRecords records = new(zone, new TestClock());
        new RecordUpdater(records).Apply(Cluster.State);
        _answers = new ClusterAnswers(zone, records);
    }

    [Theory]
    // A Service with a cluster IP
    [InlineData("web.default.svc", "A", "NOERROR | web.default.svc.cluster.local. 5 A 10.96.0.1")]
    [InlineData("web.default.svc", "AAAA", NoRecord)]
    [InlineData("web.shop.svc", "A", "NOERROR | web.shop.svc.cluster.local. 5 A 10.96.1.1")]
    [InlineData("plain.default.svc", "A", "NOERROR | plain.default.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("both.default.svc", "A", "NOERROR | both.default.svc.cluster.local. 5 A 10.96.0.3")]
    [InlineData("both.default.svc", "AAAA", "NOERROR | both.default.svc.cluster.local. 5 AAAA fd00:10:96::3")]
    [InlineData("six.default.svc", "A", NoRecord)]
    [InlineData("six.default.svc", "AAAA", "NOERROR | six.default.svc.cluster.local. 5 AAAA fd00:10:96::4")]
    [InlineData("web.default.svc", "TXT", NoRecord)]
    [InlineData("web.default.svc", "MX", NoRecord)]
    [InlineData("web.default.svc", "CNAME", NoRecord)]
    [InlineData("web.default.svc", "NS", NoRecord)]
    [InlineData("web.default.svc", "SOA", NoRecord)]
    [InlineData("web.default.svc", "ANY", NoRecord)]
    // Its ports
    [InlineData("_http._tcp.web.default.svc", "SRV", "NOERROR | _http._tcp.web.default.svc.cluster.local. 5 SRV 0 100 80 web.default.svc.cluster.local." + WebTarget)]
    [InlineData("_metrics._tcp.web.default.svc", "SRV", "NOERROR | _metrics._tcp.web.default.svc.cluster.local. 5 SRV 0 100 9090 web.default.svc.cluster.local." + WebTarget)]
    [InlineData("_http._udp.web.default.svc", "SRV", NoName)]
    [InlineData("_https._tcp.web.default.svc", "SRV", NoName)]
    [InlineData("_http._tcp.web.default.svc", "A", "NOERROR | _http._tcp.web.default.svc.cluster.local. 5 A 10.96.0.1")]
    [InlineData("_http._tcp.web.default.svc", "TXT", NoRecord)]
    [InlineData("_dns._udp.both.default.svc", "SRV", "NOERROR | _dns._udp.both.default.svc.cluster.local. 5 SRV 0 50 53 both.default.svc.cluster.local." + BothTarget)]
    [InlineData("web.default.svc", "SRV", "NOERROR | web.default.svc.cluster.local. 5 SRV 0 50 80 web.default.svc.cluster.local. | web.default.svc.cluster.local. 5 SRV 0 50 9090 web.default.svc.cluster.local." + WebTarget)]
    [InlineData("plain.default.svc", "SRV", "NOERROR | plain.default.svc.cluster.local. 5 SRV 0 100 80 plain.default.svc.cluster.local. | + plain.default.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("a.b.c.web.default.svc", "A", NoName)]
    [InlineData("_x._http._tcp.web.default.svc", "SRV", NoName)]
    // Its endpoints
    [InlineData("10-244-0-10.web.default.svc", "A", "NOERROR | 10-244-0-10.web.default.svc.cluster.local. 5 A 10.244.0.10")]
    [InlineData("10-244-0-11.web.default.svc", "A", NoName)]
    // A headless Service
    [InlineData("db.default.svc", "A", "NOERROR | db.default.svc.cluster.local. 5 A 10.244.0.5 | db.default.svc.cluster.local. 5 A 10.244.0.6")]
    [InlineData("db.default.svc", "AAAA", "NOERROR | db.default.svc.cluster.local. 5 AAAA fd00:10:244::5")]
    [InlineData("db-0.db.default.svc", "A", "NOERROR | db-0.db.default.svc.cluster.local. 5 A 10.244.0.5")]
    [InlineData("db-0.db.default.svc", "AAAA", "NOERROR | db-0.db.default.svc.cluster.local. 5 AAAA fd00:10:244::5")]
    [InlineData("db-1.db.default.svc", "A", NoName)]
    [InlineData("10-244-0-6.db.default.svc", "A", "NOERROR | 10-244-0-6.db.default.svc.cluster.local. 5 A 10.244.0.6")]
    [InlineData("10-244-0-6.db.default.svc", "AAAA", NoRecord)]
    [InlineData("10-244-0-5.db.default.svc", "A", NoName)]
    [InlineData("10-244-0-7.db.default.svc", "A", NoName)]
    [InlineData("_sql._tcp.db.default.svc", "SRV", "NOERROR | _sql._tcp.db.default.svc.cluster.local. 5 SRV 0 33 5432 10-244-0-6.db.default.svc.cluster.local. | _sql._tcp.db.default.svc.cluster.local. 5 SRV 0 33 5432 db-0.db.default.svc.cluster.local." + DbTargets)]
    [InlineData("db-0.db.default.svc", "SRV", "NOERROR | db-0.db.default.svc.cluster.local. 5 SRV 0 50 5432 db-0.db.default.svc.cluster.local. | + db-0.db.default.svc.cluster.local. 5 A 10.244.0.5 | + db-0.db.default.svc.cluster.local. 5 AAAA fd00:10:244::5")]
    [InlineData("noports.default.svc", "A", "NOERROR | noports.default.svc.cluster.local. 5 A 10.244.0.8")]
    [InlineData("noports.default.svc", "SRV", NoRecord)]
    [InlineData("empty.default.svc", "A", NoName)]
    [InlineData("waiting.default.svc", "A", NoName)]
    // Aliases
    [InlineData("outside.default.svc", "CNAME", "NOERROR | outside.default.svc.cluster.local. 5 CNAME www.example.com.")]
    [InlineData("outside.default.svc", "SRV", NoRecord)]
    [InlineData("outside.default.svc", "TXT", NoRecord)]
    [InlineData("a.outside.default.svc", "A", NoName)]
    [InlineData("inside.default.svc", "A", "NOERROR | inside.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local. | web.default.svc.cluster.local. 5 A 10.96.0.1")]
    [InlineData("inside.default.svc", "AAAA", NoRecord)]
    [InlineData("inside.default.svc", "CNAME", "NOERROR | inside.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local.")]
    [InlineData("twice.default.svc", "A", "NOERROR | inside.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local. | twice.default.svc.cluster.local. 5 CNAME inside.default.svc.cluster.local. | web.default.svc.cluster.local. 5 A 10.96.0.1")]
    [InlineData("nowhere.default.svc", "A", NoRecord)]
    [InlineData("loop.default.svc", "A", NoRecord)]
    [InlineData("address.default.svc", "A", NoName)]
    // Names between
    [InlineData("", "A", NoRecord)]
    [InlineData("", "SOA", "NOERROR | cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 946684800 7200 1800 86400 5")]
    [InlineData("", "NS", "NOERROR | cluster.local. 5 NS ns.dns.cluster.local.")]
    [InlineData("ns.dns", "A", "NOERROR | ns.dns.cluster.local. 5 A 10.96.0.10")]
    [InlineData("ns.dns", "AAAA", "NOERROR | ns.dns.cluster.local. 5 AAAA fd00:10:96::a")]
    [InlineData("dns", "A", NoRecord)]
    [InlineData("svc", "A", NoRecord)]
    [InlineData("pod", "A", NoRecord)]
    [InlineData("default.svc", "A", NoRecord)]
    [InlineData("kube-system.svc", "A", NoRecord)]
    [InlineData("shop.svc", "SRV", NoRecord)]
    [InlineData("nobody.svc", "A", NoName)]
    [InlineData("web.nobody.svc", "A", NoName)]
    [InlineData("gone.default.svc", "A", NoName)]
    [InlineData("web.default", "A", NoName)]
    [InlineData("web", "A", NoName)]
    [InlineData("dns-version", "TXT", "NOERROR | dns-version.cluster.local. 28800 TXT 1.1.0")]
    [InlineData("dns-version", "A", NoRecord)]
    [InlineData("a.dns-version", "TXT", NoName)]
    // Pods
    [InlineData("10-244-0-5.default.pod", "A", "NOERROR | 10-244-0-5.default.pod.cluster.local. 5 A 10.244.0.5")]
    [InlineData("10-244-0-5.default.pod", "AAAA", NoRecord)]
    [InlineData("fd00-10-244--5.default.pod", "AAAA", "NOERROR | fd00-10-244--5.default.pod.cluster.local. 5 AAAA fd00:10:244::5")]
    [InlineData("10-244-0-5.nobody.pod", "A", NoName)]
    [InlineData("10-244-0-256.default.pod", "A", NoName)]
    [InlineData("web.default.pod", "A", NoName)]
    [InlineData("default.pod", "A", NoRecord)]
    [InlineData("nobody.pod", "A", NoName)]
    public void Answer_InTheClustersZone_IsThis(string name, string type, string expected) =>
        Assert.Equal(expected, Ask(name.Length == 0 ? "cluster.local." : $"{name}.cluster.local.", type));

    [Theory]
    [InlineData("1.0.96.10.in-addr.arpa.", "NOERROR | 1.0.96.10.in-addr.arpa. 5 PTR web.default.svc.cluster.local.")]
    [InlineData("3.0.96.10.in-addr.arpa.", "NOERROR | 3.0.96.10.in-addr.arpa. 5 PTR both.default.svc.cluster.local.")]
    [InlineData("5.0.244.10.in-addr.arpa.", "NOERROR | 5.0.244.10.in-addr.arpa. 5 PTR db-0.db.default.svc.cluster.local.")]
    [InlineData("6.0.244.10.in-addr.arpa.", "NXDOMAIN | - 244.10.in-addr.arpa. 5 SOA")]
    [InlineData("7.7.97.10.in-addr.arpa.", "NXDOMAIN | - 97.10.in-addr.arpa. 5 SOA")]
    [InlineData("96.10.in-addr.arpa.", "NOERROR | - 96.10.in-addr.arpa. 5 SOA")]
    [InlineData("0.96.10.in-addr.arpa.", "NOERROR | - 96.10.in-addr.arpa. 5 SOA")]
    [InlineData("x.0.96.10.in-addr.arpa.", "NXDOMAIN | - 96.10.in-addr.arpa. 5 SOA")]
    [InlineData("01.0.96.10.in-addr.arpa.", "NXDOMAIN | - 96.10.in-addr.arpa. 5 SOA")]
    [InlineData("1.1.0.96.10.in-addr.arpa.", "NXDOMAIN | - 96.10.in-addr.arpa. 5 SOA")]
    [InlineData("10.in-addr.arpa.", null)]
    [InlineData("1.1.112.10.in-addr.arpa.", null)]
    [InlineData("8.8.8.8.in-addr.arpa.", null)]
    [InlineData("in-addr.arpa.", null)]
    [InlineData("arpa.", null)]
    [InlineData("3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", "NOERROR | 3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa. 5 PTR both.default.svc.cluster.local.")]
    [InlineData("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa.", "NOERROR | 5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa. 5 PTR db-0.db.default.svc.cluster.local.")]
    [InlineData("9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", "NXDOMAIN | - 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa. 5 SOA")]
    [InlineData("1.d.f.ip6.arpa.", null)]
    public void Answer_Reverse_IsThis(string name, string? expected)
    {
        string? answer = Ask(name, "PTR");

        Assert.Equal(expected, answer?.Split(" ns.dns.cluster.local.")[0]);
    }

    [Theory]
    [InlineData("example.com.")]
    [InlineData("web.default.svc.cluster.local.example.com.")]
    [InlineData("xcluster.local.")]
    [InlineData("local.")]
    [InlineData(".")]
    public void Answer_ElsewhereInTheWorld_IsSomebodyElses(string name) => Assert.Null(Ask(name, "A"));

    [Fact]
    public void Answer_OutsideAlias_IsAskedForElsewhere() => Assert.Null(Ask("outside.default.svc.cluster.local.", "A"));

    [Fact]
    public void Answer_LettersOfAnyCase_AreTheAskersInTheQuestion()
    {
        DnsMessage answer = Exchange(DnsMessage.Query("wEb.DeFault.sVc.cLuster.LOCAL.", "A"))!;

        Assert.Equal(("wEb.DeFault.sVc.cLuster.LOCAL. A", "qr aa rd ra"), (answer.Question, answer.Flags));
        Assert.Equal("wEb.DeFault.sVc.cLuster.LOCAL. 5 A 10.96.0.1", Assert.Single(answer.Answers));
    }

    [Theory]
    [InlineData("AXFR", 1, "REFUSED")]
    [InlineData("IXFR", 1, "REFUSED")]
    [InlineData("TXT", 3, "REFUSED")]
    [InlineData("A", 255, "REFUSED")]
    public void Answer_NoQuestionForUs_IsRefused(string type, int @class, string code)
    {
        DnsMessage answer = Exchange(DnsMessage.Query("cluster.local.", type, @class: (ushort)@class))!;

        Assert.Equal((code, "qr rd ra"), (answer.Code, answer.Flags));
    }

    [Fact]
    public void Answer_BeforeTheFirstNews_WhatIsMissingMayExist()
    {
        ClusterZone zone = new("cluster.local", Cluster.Servers, Cluster.Ranges);
        ClusterAnswers early = new(zone, new ClusterRecords(zone, new TestClock()));

        Assert.Equal("SERVFAIL", Exchange(DnsMessage.Query("web.default.svc.cluster.local.", "A"), early)!.Code);
        Assert.Equal("NOERROR", Exchange(DnsMessage.Query("dns-version.cluster.local.", "TXT"), early)!.Code);
    }

    [Fact]
    public void Answer_SeveralAddresses_EachComesFirstInTurn()
    {
        byte[] query = DnsMessage.Query("db.default.svc.cluster.local.", "A");

        string[] firsts = [.. Enumerable.Range(0, 4).Select(_ => Exchange(query)!.Answers[0].Split(' ')[^1])];

        Assert.Equal(["10.244.0.5", "10.244.0.6", "10.244.0.5", "10.244.0.6"], firsts);
    }

    private string? Ask(string name, string type) => Exchange(DnsMessage.Query(name, type))?.ToString();

    private DnsMessage? Exchange(byte[] message, ClusterAnswers? answers = null)
    {
        byte[] buffer = new byte[DnsQuery.BufferLength];
        byte[] response = new byte[4096];
        QueryError error = DnsQuery.Read(message, buffer, out DnsQuery query);
        return (answers ?? _answers).TryAnswer(query, error, response, response.Length, out int length, out _)
            == AnswerStatus.Answered ? new DnsMessage(response.AsSpan(0, length)) : null;
    }
}
