using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using k8s.Models;
using Noded.Api.Services;
using Noded.Primitives;

namespace Noded.Dns.Tests;

/// <summary>The state that tables are about, and a source that tells it.</summary>
internal static class Cluster
{
    internal static readonly ImmutableArray<IPAddress> Servers =
        [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00:10:96::a")];

    internal static readonly ImmutableArray<IPPrefix> Ranges =
    [
        IPPrefix.Parse("10.96.0.0/12"), IPPrefix.Parse("10.244.0.0/16"), IPPrefix.Parse("fd00:10:96::/112"),
        IPPrefix.Parse("fd00:10:244::/64"),
    ];

    /// <summary>A Service of every kind.</summary>
    internal static ServiceSourceChange.Snapshot State { get; } = new(
        [
            AService("default", "web", ["10.96.0.1"], ("http", "TCP", 80), ("metrics", "TCP", 9090)),
            AService("default", "plain", ["10.96.0.2"], ("", "TCP", 80)),
            AService("default", "both", ["10.96.0.3", "fd00:10:96::3"], ("dns", "UDP", 53)),
            AService("default", "six", ["fd00:10:96::4"], ("http", "TCP", 80)),
            AService("default", "db", ["None"], ("sql", "TCP", 5432)),
            AService("default", "noports", ["None"]),
            AService("default", "empty", ["None"], ("http", "TCP", 80)),
            AService("default", "waiting", [], ("http", "TCP", 80)),
            AnAlias("default", "outside", "www.example.com"),
            AnAlias("default", "inside", "web.default.svc.cluster.local"),
            AnAlias("default", "twice", "inside.default.svc.cluster.local."),
            AnAlias("default", "nowhere", "gone.default.svc.cluster.local"),
            AnAlias("default", "loop", "loop2.default.svc.cluster.local"),
            AnAlias("default", "loop2", "loop.default.svc.cluster.local"),
            AnAlias("default", "address", "192.0.2.1"),
            AService("shop", "web", ["10.96.1.1"], ("http", "TCP", 8080)),
        ],
        [
            ASlice("default", "db", "IPv4", [("sql", "TCP", 5432)],
                AnEndpoint("10.244.0.5", hostname: "db-0"), AnEndpoint("10.244.0.6"), AnEndpoint("10.244.0.7", ready: false)),
            ASlice("default", "db", "IPv6", [("sql", "TCP", 5432)], AnEndpoint("fd00:10:244::5", hostname: "db-0")),
            ASlice("default", "noports", "IPv4", [], AnEndpoint("10.244.0.8")),
            ASlice("default", "empty", "IPv4", [("http", "TCP", 80)], AnEndpoint("10.244.0.9", ready: false)),
            ASlice("default", "web", "IPv4", [("http", "TCP", 8080), ("metrics", "TCP", 9090)], AnEndpoint("10.244.0.10")),
        ]);

    internal static V1Service AService(
        string ns, string name, string[] addresses, params (string Name, string Protocol, int Port)[] ports) =>
        new()
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
            Spec = new V1ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIP = addresses.FirstOrDefault(),
                ClusterIPs = addresses,
                Ports =
                [
                    .. ports.Select(port => new V1ServicePort
                    {
                        Name = port.Name,
                        Protocol = port.Protocol,
                        Port = port.Port,
                    }),
                ],
            },
        };

    internal static V1Service AnAlias(string ns, string name, string target) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = target },
    };

    internal static V1EndpointSlice ASlice(
        string ns, string service, string type, (string Name, string Protocol, int Port)[] ports, params V1Endpoint[] endpoints) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{service}-{type.ToLowerInvariant()}",
                NamespaceProperty = ns,
                Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
            },
            AddressType = type,
            Endpoints = endpoints,
            Ports =
            [
                .. ports.Select(port => new Discoveryv1EndpointPort
                {
                    Name = port.Name,
                    Protocol = port.Protocol,
                    Port = port.Port,
                }),
            ],
        };

    internal static V1Endpoint AnEndpoint(string address, string? hostname = null, bool? ready = null) => new()
    {
        Addresses = [address],
        Hostname = hostname,
        Conditions = ready is null ? null : new V1EndpointConditions { Ready = ready },
    };

    /// <summary>A source that says what a test wants.</summary>
    internal sealed class Source : IServiceSource
    {
        private readonly Channel<ServiceSourceChange> _said = Channel.CreateUnbounded<ServiceSourceChange>();

        public string Name => "test";

        public void Say(ServiceSourceChange change) => _said.Writer.TryWrite(change);

        public IAsyncEnumerable<ServiceSourceChange> WatchAsync(CancellationToken cancellationToken) =>
            _said.Reader.ReadAllAsync(cancellationToken);
    }
}
