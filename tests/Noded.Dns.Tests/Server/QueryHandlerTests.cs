using Noded.Dns.Forwarding;
using Noded.Dns.Records;
using Noded.Dns.Server;
using Noded.Dns.Wire;
using Prometheus;

namespace Noded.Dns.Tests.Server;

public sealed class QueryHandlerTests
{
    private readonly QueryHandler _handler;

    public QueryHandlerTests()
    {
        ClusterZone zone = new("cluster.local", Cluster.Servers, Cluster.Ranges);
        ClusterRecords records = new(zone, TimeProvider.System);
        new RecordUpdater(records).Apply(Cluster.State);
        DnsMetrics metrics = new(Metrics.NewCustomRegistry());
        metrics.Begin("cluster.local.");
        _handler = new QueryHandler(
            new ClusterAnswers(zone, records),
            new ResponseCache(TimeSpan.FromSeconds(30), TimeProvider.System),
            new Forwarder(() => [], metrics, () => 1, TimeProvider.System),
            metrics,
            TimeProvider.System);
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local.", "A")]
    [InlineData("db.default.svc.cluster.local.", "A")]
    [InlineData("_sql._tcp.db.default.svc.cluster.local.", "SRV")]
    [InlineData("twice.default.svc.cluster.local.", "A")]
    [InlineData("gone.default.svc.cluster.local.", "AAAA")]
    public void TryAnswer_NameOfTheCluster_AllocatesNothing(string name, string type)
    {
        byte[] query = DnsMessage.Query(name, type, edns: 1232);
        byte[] response = new byte[DnsHeader.UdpSize];
        Ask(query, response, 100);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Ask(query, response, 10_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Ask(byte[] query, byte[] response, int times)
    {
        for (int i = 0; i < times; i++)
        {
            if (_handler.TryAnswer(query, response, default, out _) != AnswerStatus.Answered)
            {
                Assert.Fail("It was not answered.");
            }
        }
    }
}
