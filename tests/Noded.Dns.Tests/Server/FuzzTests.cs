using System.Buffers.Binary;
using Noded.Dns.Forwarding;
using Noded.Dns.Records;
using Noded.Dns.Server;
using Noded.Dns.Wire;
using Noded.Testing;
using Prometheus;

namespace Noded.Dns.Tests.Server;

/// <summary>Packets that nobody sends in good faith.</summary>
public sealed class FuzzTests
{
    private const int Rounds = 100_000;

    private static readonly string[] Names =
    [
        "web.default.svc.cluster.local.", "_sql._tcp.db.default.svc.cluster.local.", "db.default.svc.cluster.local.",
        "twice.default.svc.cluster.local.", "outside.default.svc.cluster.local.", "10-244-0-5.default.pod.cluster.local.",
        "5.0.244.10.in-addr.arpa.", "example.com.", "cluster.local.", "dns-version.cluster.local.",
    ];

    private static readonly string[] Types = ["A", "AAAA", "SRV", "PTR", "TXT", "CNAME", "SOA", "NS", "ANY", "AXFR"];

    private readonly QueryHandler _handler;
    private readonly ResponseCache _cache;

    public FuzzTests()
    {
        TestClock clock = new();
        ClusterZone zone = new("cluster.local", Cluster.Servers, Cluster.Ranges);
        ClusterRecords records = new(zone, clock);
        new RecordUpdater(records).Apply(Cluster.State);
        DnsMetrics metrics = new(Metrics.NewCustomRegistry());
        metrics.Begin("cluster.local.");
        _cache = new ResponseCache(TimeSpan.FromSeconds(30), clock);
        _handler = new QueryHandler(
            new ClusterAnswers(zone, records), _cache, new Forwarder(() => [], metrics, () => 1, clock), metrics, clock);
    }

    [Fact]
    public async Task Answer_RandomAndMutatedQueries_IsWellFormedAndBounded()
    {
        Random random = new(20261126);
        byte[] response = new byte[DnsHeader.MaxMessageLength];
        int answered = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] query = i % 4 == 0 ? Bytes(random, random.Next(600)) : Mutate(random, AQuery(random));
            bool isTcp = random.Next(4) == 0;
            DnsTransport transport = new(isTcp, IsV6: false);

            AnswerStatus status = _handler.TryAnswer(query, response, transport, out int length);
            if (status == AnswerStatus.Elsewhere)
            {
                length = await _handler.ResolveAsync(query, response, transport, TestContext.Current.CancellationToken);
            }

            if (status == AnswerStatus.Silence)
            {
                Assert.True(query.Length < 12 || (query[2] & 0x80) != 0);
                continue;
            }

            answered++;
            Assert.InRange(length, 12, isTcp ? DnsHeader.MaxMessageLength : DnsHeader.UdpSize);
            Assert.Equal(query[..2], response[..2]);
            Assert.NotEqual(0, response[2] & 0x80);
            _ = new DnsMessage(response.AsSpan(0, length));
        }

        Assert.InRange(answered, Rounds / 2, Rounds);
    }

    [Fact]
    public void Upstream_RandomAndMutatedAnswers_AreReadAndGivenOnOrRefused()
    {
        Random random = new(7);
        byte[] query = DnsMessage.Query("example.com.", "A", edns: 1232);
        byte[] good = DnsMessage.Answer(
            query,
            ["example.com. 60 CNAME www.example.com.", "www.example.com. 60 A 192.0.2.1", "www.example.com. 60 TXT text"],
            ["example.com. 60 SOA 30"]);
        byte[] buffer = new byte[DnsHeader.MaxMessageLength];
        _ = DnsQuery.Read(query, new byte[DnsQuery.BufferLength], out DnsQuery asked);
        int read = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] message = i % 4 == 0 ? [.. good[..29], .. Bytes(random, random.Next(300))] : Mutate(random, [.. good]);
            if (!UpstreamResponse.IsAnswerTo(message, query, 17) || UpstreamResponse.TryRead(message, 17) is not { } response)
            {
                continue;
            }

            read++;
            int length = response.Write(asked, TimeSpan.FromSeconds(random.Next(100)), buffer, DnsHeader.UdpSize);
            Assert.InRange(length, 12, DnsHeader.UdpSize);
            ResponseWriter writer = new(asked, buffer, DnsHeader.UdpSize, isAuthoritative: true);
            response.AddAnswersTo(ref writer);
            Assert.InRange(writer.Finish(ResponseCode.NoError), 12, DnsHeader.UdpSize);
            _cache.Add(message, response);
        }

        Assert.InRange(read, Rounds / 20, Rounds);
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        if (length > 2)
        {
            // Most of them pass for queries.
            bytes[2] &= 0x01;
        }

        return bytes;
    }

    private static byte[] AQuery(Random random) => DnsMessage.Query(
        Names[random.Next(Names.Length)],
        Types[random.Next(Types.Length)],
        random.Next(2) == 0 ? null : random.Next(65536),
        id: (ushort)random.Next(65536));

    private static byte[] Mutate(Random random, byte[] message)
    {
        for (int i = random.Next(4); i > 0; i--)
        {
            int at = random.Next(message.Length);
            switch (random.Next(6))
            {
                case 0:
                    message[at] = (byte)random.Next(256);
                    break;
                case 1:
                    message[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    message = message[..Math.Max(1, at)];
                    break;
                case 3:
                    message = [.. message[..at], .. Bytes(random, random.Next(20)), .. message[at..]];
                    break;
                case 4:
                    message[at] = (byte)(0xc0 | random.Next(4));
                    break;
                default:
                    if (at + 2 <= message.Length)
                    {
                        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), ushort.MaxValue);
                    }

                    break;
            }
        }

        return message;
    }
}
