using System.Collections.Concurrent;
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

    // Made once: finding a series by its labels costs more than the answer.
    private readonly ConcurrentDictionary<(bool IsOurs, DnsTransport Transport, RecordType Type), Counter.Child> _requestsOf = [];
    private readonly ConcurrentDictionary<(bool IsOurs, ResponseCode Code), Counter.Child> _responsesOf = [];
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
        _requestsOf.Clear();
        _responsesOf.Clear();
    }

    /// <param name="isOurs">Whether the name is in our zones.</param>
    internal void Count(bool isOurs, DnsTransport transport, RecordType type, ResponseCode code, TimeSpan duration)
    {
        RecordType known = Array.IndexOf(Types, type) >= 0 ? type : 0;
        _requestsOf.GetOrAdd((isOurs, transport, known), NewRequests, this).Inc();
        _responsesOf.GetOrAdd((isOurs, code), NewResponses, this).Inc();
        _durationOf[isOurs ? 1 : 0].Observe(duration.TotalSeconds);
    }

    internal void CountForward(IPEndPoint server) => _forwards.WithLabels(server.ToString()).Inc();

    /// <param name="code">Null when it did not answer, or not well.</param>
    internal void CountForwarded(IPEndPoint server, ResponseCode? code) =>
        _forwarded.WithLabels(server.ToString(), code is { } known ? NameOf(known) : "none").Inc();

    private static Counter.Child NewRequests(
        (bool IsOurs, DnsTransport Transport, RecordType Type) key, DnsMetrics metrics) =>
        metrics._requests.WithLabels(
            key.IsOurs ? metrics.Zone : AnyZone,
            key.Transport.Protocol,
            key.Transport.Family,
            key.Type == 0 ? "other" : key.Type.ToString().ToUpperInvariant());

    private static Counter.Child NewResponses((bool IsOurs, ResponseCode Code) key, DnsMetrics metrics) =>
        metrics._responses.WithLabels(key.IsOurs ? metrics.Zone : AnyZone, NameOf(key.Code));

    private static string NameOf(ResponseCode code) =>
        (int)code < CodeNames.Length ? CodeNames[(int)code] : code == ResponseCode.BadVers ? "BADVERS" : "other";
}
