using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Api.Services;
using Noded.Dns.Tests.Forwarding;
using Noded.Primitives;
using Prometheus;

namespace Noded.Dns.Tests.Server;

/// <summary>The server behind its sockets.</summary>
public sealed class DnsComponentTests : IAsyncDisposable
{
    private readonly FakeUpstream _upstream = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Udp_NameOfAService_IsAnswered()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);

        DnsMessage answer = await dns.AskAsync("web.default.svc.cluster.local.", "A", Token, edns: 4096);

        Assert.Equal("NOERROR | web.default.svc.cluster.local. 5 A 10.96.0.1", answer.ToString());
        Assert.Equal(("qr aa rd ra", 1232), (answer.Flags, answer.EdnsSize));
    }

    [Fact]
    public async Task Udp_News_AreAnsweredFromThenOn()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);

        dns.Source.Say(new ServiceSourceChange.Service(
            new NamespacedName("new", "app"), Cluster.AService("new", "app", ["10.96.9.9"], ("", "TCP", 80))));
        await ExpectAsync(dns, "app.new.svc.cluster.local.", "NOERROR | app.new.svc.cluster.local. 5 A 10.96.9.9");
        Assert.Equal(
            "NOERROR | 9.9.96.10.in-addr.arpa. 5 PTR app.new.svc.cluster.local.",
            (await dns.AskAsync("9.9.96.10.in-addr.arpa.", "PTR", Token)).ToString());
        dns.Source.Say(new ServiceSourceChange.Service(new NamespacedName("new", "app"), null));
        await ExpectAsync(dns, "app.new.svc.cluster.local.", "NXDOMAIN");

        Assert.Equal("NXDOMAIN", (await dns.AskAsync("new.svc.cluster.local.", "A", Token)).Code);
        Assert.Equal("NXDOMAIN", (await dns.AskAsync("9.9.96.10.in-addr.arpa.", "PTR", Token)).Code);
    }

    [Fact]
    public async Task Udp_SlicesComeMoveAndGo_AreFollowed()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        NamespacedName slice = new("default", "empty-more");

        dns.Source.Say(new ServiceSourceChange.Slice(
            slice, Cluster.ASlice("default", "empty", "IPv4", [("http", "TCP", 80)], Cluster.AnEndpoint("10.244.9.1"))));
        await ExpectAsync(dns, "empty.default.svc.cluster.local.", "NOERROR | empty.default.svc.cluster.local. 5 A 10.244.9.1");
        dns.Source.Say(new ServiceSourceChange.Slice(
            slice, Cluster.ASlice("default", "noports", "IPv4", [], Cluster.AnEndpoint("10.244.9.1"))));
        await ExpectAsync(dns, "empty.default.svc.cluster.local.", "NXDOMAIN");
        await ExpectAsync(
            dns,
            "noports.default.svc.cluster.local.",
            "NOERROR | noports.default.svc.cluster.local. 5 A 10.244.0.8 | noports.default.svc.cluster.local. 5 A 10.244.9.1");
        dns.Source.Say(new ServiceSourceChange.Slice(slice, null));
        await ExpectAsync(dns, "noports.default.svc.cluster.local.", "NOERROR | noports.default.svc.cluster.local. 5 A 10.244.0.8");
    }

    [Fact]
    public async Task Udp_ChangesWhileAsked_EveryAnswerIsOldOrNew()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        NamespacedName name = new("default", "db-ipv4");
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task changing = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                string network = i % 2 == 0 ? "10.244.1" : "10.244.2";
                dns.Source.Say(new ServiceSourceChange.Slice(name, Cluster.ASlice(
                    "default", "db", "IPv4", [("sql", "TCP", 5432)],
                    [.. Enumerable.Range(1, 3).Select(host => Cluster.AnEndpoint($"{network}.{host}"))])));
                await Task.Yield();
            }
        }, Token);
        await ExpectAsync(dns, "10-244-1-1.db.default.svc.cluster.local.", "NOERROR | 10-244-1-1.db.default.svc.cluster.local. 5 A 10.244.1.1");

        HashSet<string> seen = [];
        for (int i = 0; i < 500; i++)
        {
            seen.Add((await dns.AskAsync("db.default.svc.cluster.local.", "A", Token)).ToString());
        }

        await stop.CancelAsync();
        await changing;
        Assert.Subset(new HashSet<string> { Db("10.244.1"), Db("10.244.2") }, seen);
    }

    [Theory]
    [InlineData(null, 31, 512)]
    [InlineData(1232, 75, 1232)]
    [InlineData(4096, 75, 1232)]
    public async Task Udp_LongAnswer_IsCutAndTcpHasItAll(int? edns, int answers, int limit)
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token, new ServiceSourceChange.Snapshot(
            [Cluster.AService("a", "b", ["None"])],
            [Cluster.ASlice("a", "b", "IPv4", [], [.. Enumerable.Range(0, 1000)
                .Select(i => Cluster.AnEndpoint($"10.244.{i / 250}.{i % 250}"))])]));
        byte[] query = DnsMessage.Query("b.a.svc.cluster.local.", "A", edns);

        DnsMessage cut = await dns.AskAsync(query, Token);
        using TcpAsker tcp = await dns.ConnectAsync(Token);
        await tcp.SendAsync(query, Token);
        DnsMessage? whole = await tcp.ReadAsync(Token);

        int opt = edns is null ? 0 : 11;
        Assert.Equal((limit - 12 - 27 - opt) / 16, cut.Answers.Count);
        Assert.InRange(cut.Answers.Count, answers - 5, answers);
        Assert.Equal(("qr aa tc rd ra", "qr aa rd ra", 1000), (cut.Flags, whole!.Flags, whole.Answers.Count));
    }

    [Fact]
    public async Task Udp_AnAnswer_IsNotAnswered()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(dns.Address, Token);
        byte[] query = DnsMessage.Query("web.default.svc.cluster.local.", "A", id: 1);

        await socket.SendAsync(DnsMessage.Query("web.default.svc.cluster.local.", "A", id: 2, flags: 0x8180), SocketFlags.None, Token);
        await socket.SendAsync((byte[])[1, 2, 3], SocketFlags.None, Token);
        await socket.SendAsync(query, SocketFlags.None, Token);
        byte[] answer = new byte[512];
        int length = await socket.ReceiveAsync(answer, SocketFlags.None, Token);

        Assert.Equal(1, new DnsMessage(answer.AsSpan(0, length)).Id);
    }

    [Theory]
    [InlineData(2, 0x28, "NOTIMP", "")]
    [InlineData(5, 2, "FORMERR", "")]
    [InlineData(12, 0xc0, "FORMERR", "")]
    public async Task Udp_NoQuery_IsRefusedInItsHeader(int offset, byte value, string code, string question)
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        byte[] query = DnsMessage.Query("web.default.svc.cluster.local.", "A");
        query[offset] = value;

        DnsMessage answer = await dns.AskAsync(query, Token);

        Assert.Equal((code, question, 0x1234), (answer.Code, answer.Question, answer.Id));
    }

    [Fact]
    public async Task Udp_LaterEdns_IsBadVersion()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        byte[] query = DnsMessage.Query("web.default.svc.cluster.local.", "A", edns: 1232);
        query[^5] = 1;

        Assert.Equal("BADVERS", (await dns.AskAsync(query, Token)).Code);
    }

    [Fact]
    public async Task Tcp_SeveralQueriesAtOnce_AreAnsweredWithoutWaitingForEachOther()
    {
        using SemaphoreSlim release = new(0);
        _upstream.OverUdp = query =>
        {
            release.Wait(Token);
            return [DnsMessage.Answer(query, ["example.com. 60 A 192.0.2.1"])];
        };
        await using RunningDns dns = await RunningDns.StartAsync(Token, null, _upstream.Address);
        using TcpAsker tcp = await dns.ConnectAsync(Token);
        byte[] slow = DnsMessage.Query("example.com.", "A", id: 1);
        byte[][] quick = [.. Enumerable.Range(2, 50).Select(i => DnsMessage.Query("web.default.svc.cluster.local.", "A", id: (ushort)i))];
        await tcp.SendRawAsync(
            [.. ((byte[][])[slow, .. quick]).SelectMany(query => (byte[])[0, (byte)query.Length, .. query])], Token);
        tcp.EndSending();

        List<int> ids = [];
        for (int i = 0; i < 50; i++)
        {
            ids.Add((await tcp.ReadAsync(Token))!.Id);
        }

        release.Release();
        DnsMessage? last = await tcp.ReadAsync(Token);

        Assert.Equal(Enumerable.Range(2, 50), ids);
        Assert.Equal((1, "NOERROR | example.com. 60 A 192.0.2.1"), (last!.Id, last.ToString()));
        Assert.Null(await tcp.ReadAsync(Token));
    }

    [Fact]
    public async Task Tcp_ClientSendsHalfAQuery_IsGivenUpAfterAWhile()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        using TcpAsker tcp = await dns.ConnectAsync(Token);
        byte[] query = DnsMessage.Query("web.default.svc.cluster.local.", "A");
        await tcp.SendAsync(query, Token);
        Assert.NotNull(await tcp.ReadAsync(Token));
        await tcp.SendRawAsync([0, (byte)query.Length, .. query[..20]], Token);
        Task<DnsMessage?> ending = tcp.ReadAsync(Token);

        // Of the first query, of its answer, of the second query.
        for (int i = 0; i < 3; i++)
        {
            await dns.Clock.WaitForTimerAsync(Token);
        }

        dns.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(await ending);
    }

    [Fact]
    public async Task Tcp_MoreConnectionsThanOneClientMayHave_AreClosed()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        List<TcpAsker> connections = [];
        byte[] query = DnsMessage.Query("web.default.svc.cluster.local.", "A");
        for (int i = 0; i < 64; i++)
        {
            connections.Add(await dns.ConnectAsync(Token));
            await connections[i].SendAsync(query, Token);
            Assert.NotNull(await connections[i].ReadAsync(Token));
        }

        using (TcpAsker tooMany = await dns.ConnectAsync(Token))
        {
            Assert.Null(await tooMany.ReadAsync(Token));
        }

        await connections[0].SendAsync(query, Token);
        Assert.NotNull(await connections[0].ReadAsync(Token));
        connections.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Forward_NameOfTheWorld_IsAskedForOnceAndThenKnown()
    {
        _upstream.OverUdp = query => [DnsMessage.Answer(query, ["example.com. 20 A 192.0.2.1"])];
        await using RunningDns dns = await RunningDns.StartAsync(Token, null, _upstream.Address);

        string first = (await dns.AskAsync("example.com.", "A", Token)).ToString();
        dns.Clock.Advance(TimeSpan.FromSeconds(5));
        DnsMessage second = await dns.AskAsync("EXAMPLE.com.", "A", Token);
        dns.Clock.Advance(TimeSpan.FromSeconds(15));
        string third = (await dns.AskAsync("example.com.", "A", Token)).ToString();

        Assert.Equal("NOERROR | example.com. 20 A 192.0.2.1", first);
        Assert.Equal(("EXAMPLE.com. A", "qr rd ra", "example.com. 15 A 192.0.2.1"), (second.Question, second.Flags, second.Answers[0]));
        Assert.Equal((first, 2), (third, _upstream.Queries));
    }

    [Fact]
    public async Task Forward_NegativeAnswer_IsKnownForAsLongAsItsZoneSays()
    {
        _upstream.OverUdp = query => [DnsMessage.Answer(query, [], ["com. 60 SOA 10"], code: 3)];
        await using RunningDns dns = await RunningDns.StartAsync(Token, null, _upstream.Address);

        string[] codes = [(await dns.AskAsync("x.com.", "A", Token)).Code, (await dns.AskAsync("x.com.", "A", Token)).Code];
        int before = _upstream.Queries;
        dns.Clock.Advance(TimeSpan.FromSeconds(10));
        await dns.AskAsync("x.com.", "A", Token);

        Assert.Equal(["NXDOMAIN", "NXDOMAIN"], codes);
        Assert.Equal((1, 2), (before, _upstream.Queries));
    }

    [Fact]
    public async Task Forward_NobodyThere_IsServFail()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);

        Assert.Equal("SERVFAIL", (await dns.AskAsync("example.com.", "A", Token)).ToString());
    }

    [Fact]
    public async Task Forward_AliasOutside_HasTheAliasAndItsTargetsAddresses()
    {
        _upstream.OverUdp = query =>
        [
            DnsMessage.Answer(query, ["www.example.com. 60 CNAME cdn.example.net.", "cdn.example.net. 60 A 192.0.2.1"]),
        ];
        await using RunningDns dns = await RunningDns.StartAsync(Token, null, _upstream.Address);

        Task<DnsMessage> asking = dns.AskAsync("outside.default.svc.cluster.local.", "A", Token);
        string asked = (await _upstream.WaitForQueryAsync(Token)).Question;
        DnsMessage answer = await asking;
        _upstream.OverUdp = query => [DnsMessage.Answer(query, [], code: 2)];
        string again = (await dns.AskAsync("outside.default.svc.cluster.local.", "A", Token)).ToString();
        string failed = (await dns.AskAsync("outside.default.svc.cluster.local.", "AAAA", Token)).ToString();

        Assert.Equal("www.example.com. A", asked);
        Assert.Equal("qr aa rd ra", answer.Flags);
        Assert.Equal(
            "NOERROR | cdn.example.net. 60 A 192.0.2.1 | outside.default.svc.cluster.local. 5 CNAME www.example.com."
            + " | www.example.com. 60 CNAME cdn.example.net.",
            answer.ToString());
        Assert.Equal((answer.ToString(), "SERVFAIL"), (again, failed));
    }

    [Fact]
    public async Task Run_AddressIsTaken_SaysWhich()
    {
        await using RunningDns dns = await RunningDns.StartAsync(Token);
        DnsComponent second = new(
            new DnsOptions("cluster.local", [dns.Address.Address], [], "/nonexistent") { Port = dns.Address.Port, AddsAddresses = false },
            new Cluster.Source(), new DnsMetrics(Metrics.NewCustomRegistry()), TimeProvider.System, NullLoggerFactory.Instance);

        IOException error = await Assert.ThrowsAsync<IOException>(() => second.RunAsync(Token));

        Assert.StartsWith($"Listen on {dns.Address.Address} port {dns.Address.Port}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Metrics_HaveCoreDnssNames()
    {
        _upstream.OverUdp = query => [DnsMessage.Answer(query, ["example.com. 20 A 192.0.2.1"])];
        await using RunningDns dns = await RunningDns.StartAsync(Token, null, _upstream.Address);
        await dns.AskAsync("web.default.svc.cluster.local.", "A", Token);
        await dns.AskAsync("example.com.", "A", Token);
        await dns.AskAsync("example.com.", "A", Token);

        using MemoryStream text = new();
        await dns.Registry.CollectAndExportAsTextAsync(text, Token);
        string[] lines = Encoding.UTF8.GetString(text.ToArray()).Split('\n');

        string to = _upstream.Address.ToString();
        Assert.Contains("coredns_dns_requests_total{zone=\".\",proto=\"udp\",family=\"1\",type=\"A\"} 2", lines);
        Assert.Contains("coredns_dns_responses_total{zone=\".\",rcode=\"NOERROR\"} 2", lines);
        Assert.Contains("coredns_cache_hits_total{type=\"success\"} 1", lines);
        Assert.Contains("coredns_cache_misses_total 1", lines);
        Assert.Contains("coredns_cache_entries 1", lines);
        Assert.Contains($"coredns_forward_requests_total{{to=\"{to}\"}} 1", lines);
        Assert.Contains($"coredns_forward_responses_total{{to=\"{to}\",rcode=\"NOERROR\"}} 1", lines);
        Assert.Contains("coredns_forward_max_concurrent_rejects_total 0", lines);
        Assert.Contains("coredns_dns_request_duration_seconds_count{zone=\".\"} 2", lines);
        string requests = Assert.Single(
            lines, line => line.StartsWith("coredns_dns_requests_total{zone=\"cluster.local.\"", StringComparison.Ordinal));
        Assert.InRange(int.Parse(requests.Split(' ')[1], CultureInfo.InvariantCulture), 2, int.MaxValue);
    }

    public async ValueTask DisposeAsync() => await _upstream.DisposeAsync();

    private static string Db(string network) => "NOERROR" + string.Concat(
        Enumerable.Range(1, 3).Select(host => $" | db.default.svc.cluster.local. 5 A {network}.{host}"));

    /// <summary>Asks until the answer is this one: news arrive when they arrive. The token is the only limit.</summary>
    private static async Task ExpectAsync(RunningDns dns, string name, string expected)
    {
        while ((await dns.AskAsync(name, "A", Token)).ToString() is { } answer
            && answer != expected && answer.Split(" | - ")[0] != expected)
        {
        }
    }
}
