using System.Net;
using Noded.Dns.Server;
using Noded.Dns.Wire;
using Prometheus;

namespace Noded.Dns;

/// <summary>The server's metrics, with CoreDNS's names and labels.</summary>
public sealed class DnsMetrics
{
    private const string AnyZone = ".";

    // Every type would be a series that an asker can make: those that are rare are one.
    private static readonly RecordType[] Types =
    [
        RecordType.A, RecordType.Aaaa, RecordType.Cname, RecordType.Ds, RecordType.DnsKey, RecordType.Https, RecordType.Mx,
        RecordType.Ns, RecordType.Ptr, RecordType.Soa, RecordType.Srv, RecordType.Txt, RecordType.Any,
    ];

    private static readonly string[] CodeNames = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

    private readonly Counter _requests;
    private readonly Counter _responses;
    private readonly Histogram _duration;
    private readonly Counter _forwards;
    private readonly Counter _forwarded;
    private readonly Gauge _cacheEntries;

    // Made when first counted: finding a series by its labels costs more than the answer.
    private Counter.Child?[] _requestsOf = [];
    private Counter.Child?[] _responsesOf = [];
    private Histogram.Child[] _durationOf = [];

    public DnsMetrics(CollectorRegistry registry)
    {
        MetricFactory factory = Metrics.WithCustomRegistry(registry);
        _requests = factory.CreateCounter(
            "coredns_dns_requests_total", "Counter of DNS requests made per zone, protocol and family.",
            ["zone", "proto", "family", "type"]);
        _responses = factory.CreateCounter(
            "coredns_dns_responses_total", "Counter of response status codes.", ["zone", "rcode"]);
        _duration = factory.CreateHistogram(
            "coredns_dns_request_duration_seconds", "Histogram of the time (in seconds) each request took per zone.",
            ["zone"], new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.00025, 2, 16) });
        CacheHits = factory.CreateCounter("coredns_cache_hits_total", "The count of cache hits.", ["type"]);
        CacheMisses = factory.CreateCounter("coredns_cache_misses_total", "The count of cache misses.");
        _cacheEntries = factory.CreateGauge("coredns_cache_entries", "The number of elements in the cache.");
        _forwards = factory.CreateCounter(
            "coredns_forward_requests_total", "Counter of requests made per upstream.", ["to"]);
        _forwarded = factory.CreateCounter(
            "coredns_forward_responses_total", "Counter of responses received per upstream.", ["to", "rcode"]);
        ForwardRejects = factory.CreateCounter(
            "coredns_forward_max_concurrent_rejects_total",
            "Counter of the number of queries rejected because the concurrent queries were at maximum.");
        registry.AddBeforeCollectCallback(() => _cacheEntries.Set(CacheSize?.Invoke() ?? 0));
    }

    internal Counter CacheHits { get; }

    internal Counter CacheMisses { get; }

    internal Counter ForwardRejects { get; }

    /// <summary>Read at every scrape.</summary>
    internal Func<int>? CacheSize { get; set; }

    private string Zone { get; set; } = AnyZone;

    /// <summary>Names the cluster's zone, with a dot at its end, before the first query.</summary>
    internal void Begin(string zone)
    {
        Zone = zone;
        _durationOf = [_duration.WithLabels(AnyZone), _duration.WithLabels(zone)];
        _requestsOf = new Counter.Child?[8 * (Types.Length + 1)];
        _responsesOf = new Counter.Child?[2 * (CodeNames.Length + 1)];
    }

    /// <param name="isOurs">Whether the name is in our zones.</param>
    internal void Count(bool isOurs, DnsTransport transport, RecordType type, ResponseCode code, TimeSpan duration)
    {
        int zone = isOurs ? 1 : 0;
        int known = Types.AsSpan().IndexOf(type) + 1;
        int index = (((((known * 2) + zone) * 2) + (transport.IsTcp ? 1 : 0)) * 2) + (transport.IsV6 ? 1 : 0);
        (_requestsOf[index] ??= NewRequests(isOurs, transport, known)).Inc();
        int rcode = Math.Min((int)code, CodeNames.Length);
        (_responsesOf[(rcode * 2) + zone] ??= NewResponses(isOurs, code)).Inc();
        _durationOf[zone].Observe(duration.TotalSeconds);
    }

    internal void CountForward(IPEndPoint server) => _forwards.WithLabels(server.ToString()).Inc();

    /// <param name="code">Null when it did not answer, or not well.</param>
    internal void CountForwarded(IPEndPoint server, ResponseCode? code) =>
        _forwarded.WithLabels(server.ToString(), code is { } known ? NameOf(known) : "none").Inc();

    /// <param name="known">One more than the type's index; 0 for the rare ones.</param>
    private Counter.Child NewRequests(bool isOurs, DnsTransport transport, int known) => _requests.WithLabels(
        isOurs ? Zone : AnyZone,
        transport.Protocol,
        transport.Family,
        known == 0 ? "other" : Types[known - 1].ToString().ToUpperInvariant());

    private Counter.Child NewResponses(bool isOurs, ResponseCode code) =>
        _responses.WithLabels(isOurs ? Zone : AnyZone, NameOf(code));

    private static string NameOf(ResponseCode code) =>
        (int)code < CodeNames.Length ? CodeNames[(int)code] : "other";
}
